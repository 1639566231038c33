"""The ASGI application. The bootstrap must be done before a server uses the application."""

from __future__ import annotations

import django
from django.conf import settings
from django.core.asgi import get_asgi_application

from hub.environment.foreign_variables import use_own_settings

use_own_settings()
django.setup()

from hub.middleware.transport import bare_headers  # noqa: E402 - after the apps are loaded
from hub.responses.bare_responses import Application, never_bare  # noqa: E402 - see above
from hub.serving.body_limit import Limit, is_signed_in, limit_bodies  # noqa: E402 - see above
from hub.serving.turns import queue_attempts, queue_files, take_turns  # noqa: E402 - see above


def _limit_of(path: str) -> Limit | None:
    from hub.wizard.backups import upload_limit  # needs the models, which Django has loaded before a request

    return upload_limit(path)


def _django() -> Application:
    application: Application = get_asgi_application()
    # While a request waits for a database on another machine, it would keep its turn without computing.
    return take_turns(application) if settings.INSTANCE.database_path is not None else application


application = never_bare(
    limit_bodies(
        queue_attempts(queue_files(_django())),
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
        is_signed_in,
        _limit_of,
    ),
    bare_headers,
)
