"""What differs under uWSGI: the master process forks in C, and some processes cannot run threads."""

from __future__ import annotations

import sys
from typing import Any


def _uwsgi() -> Any:
    """Return the module ``uwsgi``, which exists only in processes of uWSGI; ``None`` in other processes."""
    return sys.modules.get("uwsgi")


def is_master() -> bool:
    """Return whether this is uWSGI's master, which imports the project and then forks."""
    uwsgi = _uwsgi()
    return uwsgi is not None and not (uwsgi.worker_id() or uwsgi.mule_id())


def runs_threads() -> bool:
    """Return whether threads run in this process between requests.

    Without an option such as ``enable-threads``, uWSGI lets no thread run between requests.
    """
    return bool(getattr(_uwsgi(), "has_threads", True))
