"""The hub's Django settings, with Django's standard middleware instead of the hub's own middleware."""

from __future__ import annotations

import os

from hub.settings import *  # noqa: F403

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
