"""The WSGI application, for servers that do not support ASGI."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from hub.environment.foreign_variables import use_own_settings

use_own_settings()

application = get_wsgi_application()
