"""Django's settings. These settings are fixed. Settings that operators can change are in the database."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels

from hub import sqlite
from hub.database import servers
from hub.environment.instance import resolve_instance
from hub.logs.format import LOGGING  # noqa: F401 - a setting like those below
from hub.start.secret_key import SECRET_KEY, SECRET_KEY_FALLBACKS  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent
INSTANCE = resolve_instance(os.environ, BASE_DIR)

DEBUG = False
DEFAULT_EXCEPTION_REPORTER_FILTER = "hub.responses.crash_reports.PrivateReports"

# hub.middleware.hosts decides which hosts are allowed. It uses the current runtime config.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "hub.site.admin_app.HubAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
    "corsheaders",
    "csp",
    "config_app",
    "setup_wizard",
    "hub",
    # After the hub, so that the hub's own createsuperuser and runserver are used.
    "django.contrib.auth",
    "django.contrib.staticfiles",
]

# The order matters. The first three layers cover a whole request: one memory chunk, the connections and one
# revision. Then come the layers that every response needs. Only these run before the wizard's gate. Cookies
# are renamed before any layer reads them. Static files come before the session, because they need none.
MIDDLEWARE = [
    "hub.middleware.one_chunk.one_chunk",
    "hub.postgresql.release.release_connections",
    "config_app.middleware.one_revision",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hub.middleware.csp.ContentSecurityPolicyMiddleware",
    "hub.middleware.availability.configuration_required",
    "hub.middleware.proxy.trusted_proxies",
    "hub.middleware.transport.strict_transport",
    "hub.middleware.hosts.allowed_hosts",
    "hub.middleware.storable.storable_text",
    "hub.middleware.cookies.host_cookies",
    "hub.middleware.unlocking.unlock_first",
    "setup_wizard.middleware.SetupGateMiddleware",
    "hub.middleware.cors.CorsMiddleware",
    "hub.middleware.static.StaticFilesMiddleware",
    "hub.middleware.cookies.keep_session_cookie",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "hub.middleware.csrf.CsrfMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hub.workos.sessions.middleware.sessions_of_this_mode",
    "hub.middleware.sign_in.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "hub.middleware.single_hop.single_hop",
]

ROOT_URLCONF = "hub.urls"
ASGI_APPLICATION = "hub.asgi.application"
WSGI_APPLICATION = "hub.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "hub.site.context.hub",
            ],
        },
    },
]

DATABASES = {"default": servers.with_limits(INSTANCE.database)}
if INSTANCE.database_path is not None:
    DATABASES["default"] |= {"ENGINE": "hub.sqlite", "OPTIONS": sqlite.options()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "hub.User"
AUTHENTICATION_BACKENDS = ["hub.auth.backend.PasswordBackend"]
PASSWORD_HASHERS = ["hub.auth.hashing.QueuedHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "signed-out"

# django-axes: hub.auth.throttle has the limits and explains them.
AXES_HANDLER = "hub.auth.throttle.SignInThrottle"
AXES_LOCKOUT_PARAMETERS = "hub.auth.throttle.parameters"
AXES_FAILURE_LIMIT = 1
AXES_COOLOFF_TIME = dt.timedelta(minutes=5)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "hub.auth.throttle.account"
AXES_CLIENT_IP_CALLABLE = "hub.auth.throttle.client_network"
AXES_CLIENT_STR_CALLABLE = "hub.auth.throttle.describe"
AXES_LOCKOUT_CALLABLE = "hub.auth.throttle.refuse"
AXES_SENSITIVE_PARAMETERS = ["username", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "hub.site.form_refusals.csrf_failure"
X_FRAME_OPTIONS = "DENY"
# hub.middleware.proxy removes this header unless it comes from a trusted proxy.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"

# There is no unsafe-inline or unsafe-eval: styles and scripts come only from static files (W2).
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Static files are served from their source folders, so that a fresh clone needs no collectstatic.
WHITENOISE_USE_FINDERS = True
# hub.middleware.cors decides which origins may read static files.
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Scripts of listed origins may use what is meant for programs, but no page for people.
CORS_URLS_REGEX = r"^/(api|health|static)/"
# Browsers may cache a permission for only so many seconds, because a change may revoke it at any moment.
CORS_PREFLIGHT_MAX_AGE = 300

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
MESSAGE_TAGS = {message_levels.DEBUG: "info"}

# This is a constant, so that no environment variable can redirect the sign-in to another server.
WORKOS_API_URL = "https://api.workos.com"

CONFIG_APP = {"PROJECT": "hub.project.HubProject"}
SETUP_WIZARD = {"PRODUCT": "hub.wizard.product.HubSetup"}

# HSTS (W004), the redirect to https (W008) and Secure cookies (W012, W016) depend on how the operator
# publishes the hub, so middleware decides about them for each request. Instead of Django's checks,
# hub.site.checks has hub.W001 for W004, hub.W006 and hub.W003 for W008, and hub.W002 for W012 and W016.
# Django's protection against forged requests (W003) is on, in its subclass hub.middleware.csrf.
SILENCED_SYSTEM_CHECKS = [f"security.{check}" for check in ("W003", "W004", "W008", "W012", "W016")]
