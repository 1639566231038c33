"""A Django project that is not the hub, with its own folder and processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

from tests.support.processes import command_server
from tests.support.processes.command_server import DJANGO, ENGINE, ROOT
from tests.support.processes.imported_engine import READ_BY_MODELS
from tests.support.processes.started_process import TIMEOUT, Piped

SETTINGS = """
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SECRET_KEY = "of a project that only tests use"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "config_app",
    "shop",
]
MIDDLEWARE = [
    "config_app.middleware.one_revision",
    "django.contrib.sessions.middleware.SessionMiddleware",
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
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "shop.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/static/"
CONFIG_APP = {"PROJECT": "shop.configuration.ShopProject"}
"""
CONFIGURATION = """
from dataclasses import dataclass
from pathlib import Path

from config_app import fields
from config_app.declare import Section, setting
from config_app.keyring import MachineUnlocker
from config_app.project import Project
from config_app.schema import Schema
from config_app.secret import Secret

SHOP = Section(key="shop", title="Shop")


@dataclass(frozen=True, kw_only=True)
class ShopConfig:
    page_size: int = setting(
        20, section=SHOP, label="Page size", field=fields.IntegerRangeField(1, 200), help="Entries on a page."
    )
    is_open: bool = setting(
        True, section=SHOP, label="Open", field=fields.BooleanField(), help="Whether people can buy."
    )
    greeting: str = setting(
        "Welcome",
        section=SHOP,
        label="Greeting",
        field=fields.TextField(required=False, empty_value=""),
        help="On the first page.",
    )
    hosts: tuple[str, ...] = setting(
        (), section=SHOP, label="Hosts", field=fields.HostListField(), help="Where goods are stored."
    )
    token: Secret | None = setting(
        None, section=SHOP, label="Token", field=fields.SecretField(), help="From the bank."
    )


class ShopProject(Project):
    schema = Schema(ShopConfig)

    def unlockers(self):
        yield MachineUnlocker(Path(__file__).resolve().parent.parent / "config.key")
"""
URLS = """
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from config_app.api import get_config


def index(request):
    return HttpResponse(f"{get_config().page_size} {get_config().greeting}")


urlpatterns = [path("", index), path("admin/", admin.site.urls)]
"""


class ForeignProject:
    """A small project in ``folder``. ``settings`` is appended to its settings module.

    ``configuration`` replaces the declarations of its settings; with ``database_url``, it uses PostgreSQL.
    ``more_databases`` has the URL of each further database by alias; without a URL, it is an SQLite file.
    Its processes are forks that have imported Django already, unless ``is_forked`` is set to ``False``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: str = "",
        configuration: str = CONFIGURATION,
        database_url: str = "",
        more_databases: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.database = folder, folder / "shop.db"
        self.is_forked = True
        self._imported = ENGINE if _suit_imported_models(settings) else DJANGO
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": f"{folder}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "shop_settings",
        }
        self.write("shop/__init__.py", "")
        self.write("shop/configuration.py", configuration)
        self.write("shop/urls.py", URLS)
        more = "".join(_database(alias, url) for alias, url in (more_databases or {}).items())
        own = _database("default", database_url) if database_url else ""
        self.write("shop_settings.py", SETTINGS + own + more + textwrap.dedent(settings))

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        _forget_compiled(path)
        return path

    def add_settings(self, text: str) -> None:
        """Append ``text`` to the settings module."""
        path = self.folder / "shop_settings.py"
        path.write_text(f"{path.read_text()}\n{textwrap.dedent(text)}")
        _forget_compiled(path)
        if not _suit_imported_models(text):
            self._imported = DJANGO

    def use_settings(self, module: str) -> None:
        """Let all further processes use another settings module."""
        self.environment["DJANGO_SETTINGS_MODULE"] = module
        self._imported = DJANGO

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Run Python code in a process of its own, after ``django.setup()``."""
        program = "import django\ndjango.setup()\n" + textwrap.dedent(code)
        return self._process("-c", program)

    def says(self, code: str) -> str:
        """Run code that must succeed; return its output without the last newline."""
        done = self.run(code)
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command."""
        return self._process("-m", "django", *arguments)

    def migrate(self, *aliases: str) -> None:
        """Create the tables, in the default database or in those with these aliases."""
        for alias in aliases or ("default",):
            done = self.manage("migrate", "--verbosity=0", f"--database={alias}")
            assert done.returncode == 0, done.stderr

    def test(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the project's own tests with Django's runner."""
        return self.manage("test", "--verbosity=2", *arguments)

    def start(self, *arguments: str) -> Piped:
        """Start Python in a fork, which has already imported Django, and return the process."""
        server = command_server.running(self._imported)
        return server.start_piped(arguments, folder=self.folder, environment=self.environment)

    def _process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python until it ends; a fork has already imported Django."""
        if self.is_forked:
            server = command_server.running(self._imported)
            return server.run(arguments, folder=self.folder, environment=self.environment)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )


def _forget_compiled(path: Path) -> None:
    """Remove the compiled modules beside a file that was written."""
    # Python compares only the size and the second of a module's time, and both may stay the same.
    shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)


def _suit_imported_models(settings: str) -> bool:
    return not any(name in settings for name in READ_BY_MODELS)


def _database(alias: str, url: str) -> str:
    if not url:
        return f"""
DATABASES[{alias!r}] = {{"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "{alias}.db"}}
"""
    return f"""
import environ
DATABASES[{alias!r}] = environ.Env.db_url_config({url!r})
"""
