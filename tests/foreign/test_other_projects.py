"""The engine works in projects with other setups than the hub's (E9)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.databases.postgresql import PostgreSQL
from tests.support.foreign_project import CONFIGURATION, ForeignProject

NO_ADMIN = """
INSTALLED_APPS = ["config_app", "shop"]
MIDDLEWARE = ["config_app.middleware.one_revision"]
TEMPLATES[0]["OPTIONS"] = {"context_processors": ["django.template.context_processors.request"]}
ROOT_URLCONF = "shop.bare_urls"
"""
BARE_URLS = """
from django.shortcuts import render
from django.urls import path

urlpatterns = [path("", lambda request: render(request, "shop/page.html"))]
"""
NO_TIME_ZONES = """
USE_TZ = False
TIME_ZONE = "Asia/Tokyo"
"""
MOMENTS = """
import datetime as dt
import json
import re
from io import StringIO

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from config_app import store
from config_app.api import plan
from config_app.models import Change, Process, SystemConfig
from config_app.propagation import receipts
from config_app.store import timeline

plan({"page_size": 50}).apply(confirm_within=90)
plan({"page_size": 60}).apply()
receipts.sign()


def said(*arguments):
    out = StringIO()
    call_command("config", *arguments, stdout=out)
    return out.getvalue()


def age(text):
    return (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(text)).total_seconds()


revision = json.loads(said("history", "--json"))["revisions"][0]["created_at"]
shown = said("history").split()[2]
for text in (revision, shown, timeline.events_between(0, 9, 9)[0].at, timeline.now().isoformat()):
    assert abs(age(text)) < 60, text
    assert text.endswith("+09:00"), text
assert json.loads(said("show", "--json"))["processes"][0]["since"].endswith("+09:00")
assert abs(age(SystemConfig.objects.get().updated_at.isoformat())) < 60
assert shown in said("why", "page_size")
assert len(receipts.running()) == 1
client = Client()
client.force_login(User.objects.create_superuser("ada"))
for page in ("revision/", "systemconfig/", "revision/1/"):
    html = client.get(f"/admin/config_app/{page}").content.decode()
    assert "just now" in html, page
    moment = re.findall(r'<time datetime="([^"]+)"', html)[0]
    assert abs(age(moment)) < 120 and moment.endswith("+09:00"), (page, moment)
    assert " JST" in html, page
"""
FOREIGN_TEXTS = """
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
LANGUAGE_CODE = "de"
MIDDLEWARE += ["django.middleware.locale.LocaleMiddleware"]
"""
PAGES = """
import datetime as dt
import re

from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from config_app import store
from config_app.api import plan
from config_app.models import Revision

translation.activate("de")
old = Revision.objects.create(number=1233, channel="code", version=store.version())
Revision.objects.update(created_at=old.created_at - dt.timedelta(hours=5))
for size in range(31, 60):
    plan({"page_size": size}).apply()
plan({"page_size": 100}).apply(confirm_within=3600)
client = Client(headers={"accept-language": "de"})
client.force_login(User.objects.create_superuser("ada"))
pages = {
    name: client.get(f"/admin/config_app/{name}").content.decode()
    for name in ("systemconfig/", "revision/", "revision/?p=2", "revision/1233/", "revision/1240/rollback/")
}
for name, html in pages.items():
    assert "Abmelden" in html, name  # Django's own part of the page is in German
    html = re.sub("<svg.*?</svg>", "", html, flags=re.DOTALL)
    assert re.findall(r".*\\b[13]\\.[0-9]{3}\\b.*", html) == [], name
    assert re.search(r'seconds-left="3[56][0-9]{2}"', html), name
assert "5\\xa0hours ago" in pages["revision/1233/"], pages["revision/1233/"]
assert "Revision 1263<" in pages["systemconfig/"]
"""
TRANSLATED = CONFIGURATION.replace(
    "from config_app import fields",
    "from django.utils.translation import gettext_lazy as _\nfrom config_app import fields",
)
for text in ("Shop", "Page size", "Entries on a page."):
    TRANSLATED = TRANSLATED.replace(f'"{text}"', f'_("{text}")')
TRANSLATED = TRANSLATED.replace(
    "class ShopProject(Project):",
    """class ShopProject(Project):
    words = Words(
        state=_("State"), prepare=_("migrate"), verbs={"set": _("Change")}, reset_question=_("Delete?")
    )

    def state(self, config):
        return _("Open")

    def problems(self, config):
        return [Problem(code="empty", message=_("No entries"), fix=_("Add"), keys=("page_size",))]

    def process_variables(self):
        yield ProcessVariable(name="SHOP_KEY", help=_("Where the key is."))

    def after_reset(self):
        return _("Done")
""",
).replace("import Project\n", "import Problem, ProcessVariable, Project, Words\n")


def test_without_the_admin_everything_else_works(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", settings=NO_ADMIN)
    project.write("shop/bare_urls.py", BARE_URLS)
    project.write("shop/templates/shop/page.html", "{% load confirmation %}page {% unconfirmed_revisions %}")
    assert project.manage("check").returncode == 0
    project.migrate()
    assert project.says("""
        from django.test import Client
        from config_app.api import get_config, plan
        plan({"page_size": "50", "token": "t"}).apply(confirm_within=60)
        print(get_config().page_size, Client().get("/").content.decode())
        """).split() == ["50", "page"]
    assert project.manage("config", "doctor").returncode == 0


def test_without_urls_of_the_admin_other_pages_work(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", settings='ROOT_URLCONF = "shop.bare_urls"')
    project.write("shop/bare_urls.py", BARE_URLS)
    project.write("shop/templates/shop/page.html", "{% load confirmation %}page {% unconfirmed_revisions %}")
    project.migrate()
    said = project.says("""
        from django.contrib.auth.models import User
        from django.test import Client
        from config_app.api import plan
        plan({"page_size": "50"}).apply(confirm_within=60)
        client = Client()
        client.force_login(User.objects.create_superuser("ada"))
        print(client.get("/").content.decode())
        """)
    assert said.split() == ["page"]


def test_docs_are_written_in_the_current_folder_if_there_is_no_base_dir(project: ForeignProject) -> None:
    done = project.manage("config", "docs", "--write")
    assert (done.returncode, done.stderr) == (0, "")
    assert "| `page_size` |" in (project.folder / "docs" / "settings.md").read_text()


def on_each_database(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    return server.new_database()


database_url = pytest.fixture(params=["sqlite", "postgresql"])(on_each_database)


def test_without_time_zones_every_time_is_right(tmp_path: Path, database_url: str) -> None:
    project = ForeignProject(tmp_path / "project", settings=NO_TIME_ZONES, database_url=database_url)
    project.migrate()
    assert project.says(MOMENTS) == ""


def test_numbers_and_relative_times_look_the_same_in_every_language(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", settings=FOREIGN_TEXTS)
    project.migrate()
    assert project.says(PAGES) == ""


def test_texts_may_be_lazily_translated(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", configuration=TRANSLATED)
    project.migrate()
    said = project.says("""
        from io import StringIO
        from django.contrib.auth.models import User
        from django.core.management import call_command
        from django.test import Client
        for arguments in (
            "docs", "docs --format=env", "docs --format=jsonschema", "show", "show --json", "show --all",
            "show --section=shop", "why page_size", "why page_size --json", "set page_size 5", "history",
            "set page_size 6 --json", "doctor", "doctor --json", "get page_size --json", "validate",
            "reset --yes", "history --json",
        ):
            call_command("config", *arguments.split(), stdout=StringIO())
        client = Client()
        client.force_login(User.objects.create_superuser("ada"))
        for page in ("systemconfig/", "revision/", "revision/1/"):
            assert client.get(f"/admin/config_app/{page}").status_code == 200
        form = {"_base_revision": "2", "page_size": "7", "is_open": "on", "greeting": "Welcome"}
        print(client.post("/admin/config_app/systemconfig/preview/", form).json()["changes"][0]["label"])
        """)
    assert said == "Page size"
    assert "Change" in project.manage("config", "--help").stdout


WRONG = {
    "": "CONFIG_APP is missing from the Django settings",
    'CONFIG_APP = "shop"': "CONFIG_APP is not a dictionary in the Django settings",
    "CONFIG_APP = {}": 'CONFIG_APP["PROJECT"] is missing',
    'CONFIG_APP = {"PROJECT": 1}': 'CONFIG_APP["PROJECT"] is not the dotted path of a class',
    'CONFIG_APP = {"PROJECT": "shop"}': 'CONFIG_APP["PROJECT"] cannot be imported',
    'CONFIG_APP = {"PROJECT": "shop.configuratoin.P"}': 'CONFIG_APP["PROJECT"] cannot be imported',
    'CONFIG_APP = {"PROJECT": "shop.configuration.P"}': 'CONFIG_APP["PROJECT"] cannot be imported',
    'CONFIG_APP = {"PROJECT": "shop.configuration"}': "shop.configuration is not a subclass of Project",
    'CONFIG_APP = {"PROJECT": "shop.configuration.Path"}': "shop.configuration.Path is not a subclass",
    'CONFIG_APP = {"PROJECT": "shop.configuration.Project"}': "shop.configuration.Project has no schema",
}


def test_a_missing_or_wrong_config_app_is_named(tmp_path: Path) -> None:
    project = ForeignProject(tmp_path / "project", settings="del CONFIG_APP")
    command = project.manage("config", "show")
    assert (command.returncode, command.stdout) == (1, "")
    assert command.stderr.startswith("error: CONFIG_APP is missing from the Django settings; set CONFIG_APP")
    assert command.stderr.count("\n") == 1
    checked = project.manage("migrate", "--verbosity=0")
    assert "(config_app.E005) CONFIG_APP is missing" in checked.stderr
    assert "HINT: set CONFIG_APP" in checked.stderr
    found = project.says(f"""
        import json
        from django.core import checks
        from django.core.exceptions import ImproperlyConfigured
        from django.test import override_settings
        from config_app.api import get_config
        found = []
        for setting in {list(WRONG)}:
            values = {{}}
            exec(setting, values)
            values.pop("__builtins__")
            with override_settings(**values):
                (message,) = checks.run_checks()
                try:
                    get_config()
                except ImproperlyConfigured as error:
                    is_raised = str(error).startswith(message.msg)
                    found.append([message.id, message.msg, bool(message.hint), is_raised])
        print(json.dumps(found))
        """)
    for (identity, text, has_hint, is_raised), expected in zip(
        json.loads(found), WRONG.values(), strict=True
    ):
        assert (identity, has_hint, is_raised) == ("config_app.E005", True, True)
        assert expected in text


def test_the_checks_run_in_every_project(tmp_path: Path) -> None:
    settings = 'CONFIG_APP["CONFIRM_SECONDS"] = "soon"'
    wrong = CONFIGURATION.replace("        20, section", "        0, section")
    project = ForeignProject(tmp_path / "project", settings=settings, configuration=wrong)
    found = project.manage("check").stderr
    assert "(config_app.E003) page_size: the default is not valid" in found
    assert '(config_app.E006) CONFIG_APP["CONFIRM_SECONDS"] is not a positive number' in found
