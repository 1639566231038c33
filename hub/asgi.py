"""The ASGI application. The bootstrap must be done before a server uses the application."""

from __future__ import annotations

from django.conf import settings
from django.core.asgi import get_asgi_application

from hub.environment.foreign_variables import use_own_settings
from hub.middleware.transport import bare_headers
from hub.responses.bare_responses import Application, never_bare
from hub.serving.body_limit import Limit, is_signed_in, limit_bodies
from hub.serving.turns import take_turns

use_own_settings()


def _limit_of(path: str) -> Limit | None:
    from hub.wizard.backups import upload_limit  # needs the models, which Django has loaded before a request

    return upload_limit(path)


def _django() -> Application:
    application: Application = get_asgi_application()
    # While a request waits for a database on another machine, it would keep its turn without computing.
    return take_turns(application) if settings.INSTANCE.database_path is not None else application


application = never_bare(
    limit_bodies(
        _django(),
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        is_signed_in,
        _limit_of,
    ),
    bare_headers,
)
