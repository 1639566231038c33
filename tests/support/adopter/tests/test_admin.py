"""Tests that use the pages of the admin."""

from __future__ import annotations

from django.contrib.auth.models import Permission, User
from django.test import TestCase
from django.urls import reverse
from shop import bank

from config_app.api import get_config, plan
from config_app.testing import override_config

EDITOR = reverse("admin:config_app_systemconfig_changelist")


class Editor(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.owner = User.objects.create_superuser("olive")
        cls.clerk = User.objects.create_user("carl", is_staff=True)

    def setUp(self):
        self.client.force_login(self.owner)

    def edit(self, **values):
        form = self.client.get(EDITOR).context_data["form"]
        return self.client.post(EDITOR, {"_base_revision": form["_base_revision"].value()} | values)

    def test_a_shows_the_values(self):
        plan({"greeting": "Bonjour"}).apply()
        self.assertContains(self.client.get(EDITOR), "Bonjour")

    def test_b_changes_a_value(self):
        response = self.edit(page_size="60")
        self.assertEqual(response.status_code, 302, response.content)
        self.assertEqual(get_config().page_size, 60)
        self.assertContains(self.client.get("/"), "60 Welcome")

    def test_c_changes_it_again(self):
        self.assertEqual(get_config().page_size, 20)
        self.assertEqual(self.edit(page_size="61").status_code, 302)
        self.assertEqual(self.edit(page_size="62").status_code, 302)
        self.assertEqual(get_config().page_size, 62)

    def test_d_refuses_a_wrong_value(self):
        response = self.edit(page_size="999")
        self.assertEqual(response.status_code, 200)
        self.assertContains(response, "from 1 to 200")
        self.assertEqual(get_config().page_size, 20)

    def test_e_runs_hooks(self):
        bank.heard.clear()
        with self.captureOnCommitCallbacks(execute=True):
            self.edit(page_size="63")
        self.assertEqual(bank.heard, [(20, 63)])

    def test_f_refuses_a_clerk(self):
        self.client.force_login(self.clerk)
        self.assertEqual(self.client.get(EDITOR).status_code, 403)
        self.assertEqual(self.client.post(EDITOR, {"page_size": "64"}).status_code, 403)
        self.assertEqual(get_config().page_size, 20)

    def test_g_admits_a_clerk_with_permissions(self):
        names = ["view_systemconfig", "change_systemconfig"]
        self.clerk.user_permissions.add(*Permission.objects.filter(codename__in=names))
        self.client.force_login(self.clerk)
        self.assertEqual(self.edit(page_size="65").status_code, 302)
        self.assertEqual(get_config().page_size, 65)

    def test_h_sets_a_secret(self):
        response = self.edit(token="of-the-bank")
        self.assertEqual(response.status_code, 302)
        self.assertEqual(get_config().token.reveal(), "of-the-bank")
        self.assertNotContains(self.client.get(EDITOR), "of-the-bank")

    def test_i_shows_the_history(self):
        self.edit(page_size="66")
        page = self.client.get(reverse("admin:config_app_revision_changelist"))
        self.assertContains(page, "olive")

    @override_config(greeting="Overridden")
    def test_j_shows_what_is_stored_and_the_pages_what_is_overridden(self):
        self.assertEqual(self.edit(page_size="67").status_code, 302)
        self.assertContains(self.client.get("/"), "67 Overridden")
        self.assertNotContains(self.client.get(EDITOR), 'value="Overridden"')
