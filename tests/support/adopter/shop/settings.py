"""Django's settings of the shop. ``SHOP_DATABASE_URL`` and ``SHOP_TEST_NAME`` choose the database."""

from __future__ import annotations

import os
from pathlib import Path

import environ

FOLDER = Path(__file__).resolve().parent.parent
SECRET_KEY = "of a project that only tests use"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "config_app",
    "shop",
]
MIDDLEWARE = [
    "config_app.middleware.one_revision",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DATABASES = {
    "default": environ.Env.db_url_config(os.environ.get("SHOP_DATABASE_URL", f"sqlite:///{FOLDER}/shop.db"))
}
if name := os.environ.get("SHOP_TEST_NAME"):
    DATABASES["default"]["TEST"] = {"NAME": FOLDER / name}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = True
STATIC_URL = "/static/"
CONFIG_APP = {"PROJECT": "shop.configuration.ShopProject"}
