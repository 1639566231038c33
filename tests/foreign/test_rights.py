"""The Python API refuses what a user may not do; the text about a reset fits the project."""

from __future__ import annotations

from tests.support.foreign_project import CONFIGURATION, ForeignProject

RIGHTS = """
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.utils.functional import SimpleLazyObject

from config_app.api import get_config, plan, plan_rollback
from config_app.change import confirmation
from config_app.change.reset import reset
from config_app.errors import ConfigError, ForbiddenChange, InvalidPlan
from config_app.store import history

customer = User.objects.create_user("customer", is_staff=True)
editor = User.objects.create_user("editor")
editor.user_permissions.add(Permission.objects.get(codename="change_systemconfig"))
former = User.objects.create_superuser("former", is_active=False)
admin = User.objects.create_superuser("admin")


class Account:
    is_superuser = False

    def get_username(self):
        return "account"


plan({"page_size": 50, "token": "t"}).apply(actor="a name")
plan({"page_size": 60}).apply(actor=None, confirm_within=60)
before = len(history())
ACTIONS = [
    lambda user: plan({"page_size": 70}).apply(actor=user),
    lambda user: plan_rollback(1).apply(actor=user),
    lambda user: reset(actor=user),
    lambda user: reset(actor=user, every_setting=True),
    lambda user: confirmation.confirm(2, actor=user),
    lambda user: confirmation.revert(2, actor=user),
]
for user in (customer, former, AnonymousUser(), SimpleLazyObject(lambda: customer), Account()):
    for action in ACTIONS:
        try:
            action(user)
        except InvalidPlan as error:
            assert isinstance(error.errors[0], ForbiddenChange)
            assert str(error) == (
                "you are not permitted to change the configuration; "
                "ask for the permission config_app.change_systemconfig"
            ), error
        else:
            raise AssertionError((user, ACTIONS.index(action)))
assert len(history()) == before
assert get_config().token.reveal() == "t"
for user in (editor, SimpleLazyObject(lambda: admin)):
    plan({"page_size": 70 + len(user.get_username())}).apply(actor=user)
    assert history()[0].actor == user.get_username()
confirmation.confirm(2, actor=editor)
try:
    plan({"page_size": 5, "greeting": "x"}).apply(actor=editor)
except InvalidPlan as error:
    assert str(error) == "greeting: you are not permitted to change this setting", error
else:
    raise AssertionError
revision = plan({"greeting": "y"}).apply(actor=admin, confirm_within=60)
for settle in (confirmation.confirm, confirmation.revert):
    try:
        settle(revision.number, actor=editor)
    except InvalidPlan as error:
        assert "greeting: you are not permitted" in str(error), error
    else:
        raise AssertionError
confirmation.revert(revision.number, actor=admin)
assert get_config().greeting == "Welcome"
reset(actor=admin)
assert get_config().token is None
"""
GREETING_IS_RESERVED = (
    CONFIGURATION
    + """
    def may_change(self, user, setting):
        return setting.key != "greeting" or user.is_superuser
"""
)
ITS_OWN_RESET = (
    CONFIGURATION.replace("import Project\n", "import Project, Words\n")
    + """
    words = Words(reset_question="Close the shop?", verbs={"reset": "close the shop"})

    def reset_changes(self):
        return {"is_open": False}

    def after_reset(self):
        return "The shop is closed."

    def revoke_access(self):
        from django.contrib.sessions.models import Session

        Session.objects.all().delete()
"""
)
COUNT = """
from django.contrib.sessions.models import Session

from config_app.api import get_config

print(Session.objects.count(), get_config().page_size, get_config().token)
"""


def test_a_user_may_change_only_what_they_have_the_right_to(project: ForeignProject) -> None:
    project.write("shop/configuration.py", GREETING_IS_RESERVED)
    assert project.says(RIGHTS) == ""


def test_a_reset_promises_only_what_it_does(project: ForeignProject) -> None:
    project.says('from config_app.api import plan; plan({"token": "t", "page_size": 50}).apply()')
    project.says("from django.contrib.sessions.backends.db import SessionStore; SessionStore().save()")
    said = project.manage("config", "reset", "--help").stdout.replace("\n", " ")
    done = project.manage("config", "reset", "--yes")
    assert (done.returncode, done.stdout) == (0, "revision 2: token ✓ configured → not set\n")
    for promise in ("session", "right", "sign", "admin", "setup", "state"):
        assert promise not in (said + done.stdout).lower()
    assert project.says(COUNT) == "1 50 None"


def test_a_project_adds_to_a_reset(project: ForeignProject) -> None:
    project.write("shop/configuration.py", ITS_OWN_RESET)
    project.says('from config_app.api import plan; plan({"token": "t", "page_size": 50}).apply()')
    project.says("from django.contrib.sessions.backends.db import SessionStore; SessionStore().save()")
    assert "Close the shop." in project.manage("config", "reset", "--help").stdout
    done = project.manage("config", "reset", "--yes")
    assert done.stdout == (
        "revision 2: token ✓ configured → not set; is_open true (default) → false\nThe shop is closed.\n"
    )
    assert project.says(COUNT) == "0 50 None"
