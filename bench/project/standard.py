"""The hub's Django settings, with Django's standard middleware instead of the hub's own middleware."""

from __future__ import annotations

import os

from hub.database.servers import OWN_POSTGRESQL, POSTGRESQL
from hub.settings import *  # noqa: F403
from hub.settings import DATABASES

if DATABASES["default"]["ENGINE"] == OWN_POSTGRESQL:  # open a connection for each page, as Django does
    DATABASES = {"default": DATABASES["default"] | {"ENGINE": POSTGRESQL}}
    DATABASES["default"]["OPTIONS"] = DATABASES["default"]["OPTIONS"] | {"pool": None}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
if os.environ.get("BENCH_AS_THE_HUB"):  # add the hub's two optimizations
    MIDDLEWARE = [
        "hub.middleware.one_chunk.one_chunk",
        *MIDDLEWARE,
        "hub.middleware.single_hop.single_hop",
    ]
