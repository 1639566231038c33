"""The hub's pages in Django's standard layers: what a project has that brings none of its own."""

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
if os.environ.get("BENCH_AS_THE_HUB"):  # what the hub does to make its own layers quick
    MIDDLEWARE = [
        "hub.middleware.one_chunk.one_chunk",
        *MIDDLEWARE,
        "hub.middleware.single_hop.single_hop",
    ]
