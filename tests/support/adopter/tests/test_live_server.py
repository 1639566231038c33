"""Tests with a server."""

from __future__ import annotations

import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import LiveServerTestCase

from config_app.api import get_config, plan
from config_app.testing import override_config


def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def post(url, **values):
    body = urllib.parse.urlencode(values).encode()
    with urllib.request.urlopen(url, data=body, timeout=60) as answer:
        return answer.read()


@override_config(page_size=11)
class Overridden(LiveServerTestCase):
    def test_a_the_server_sees_the_values(self):
        self.assertEqual(get(self.live_server_url), b"11 Welcome")

    @override_config(page_size=12)
    def test_b_the_server_sees_the_values_of_the_method(self):
        self.assertEqual(get(self.live_server_url), b"12 Welcome")
        self.assertEqual(get(f"{self.live_server_url}/async/"), b"12 Welcome")

    def test_c_the_server_sees_the_values_of_a_block_only_in_the_block(self):
        with override_config(greeting="Hi"):
            self.assertEqual(get(self.live_server_url), b"11 Hi")
        self.assertEqual(get(self.live_server_url), b"11 Welcome")

    def test_d_the_server_sees_a_change_of_another_setting(self):
        plan({"greeting": "Bonjour"}).apply()
        self.assertEqual(get(self.live_server_url), b"11 Bonjour")


class Changed(LiveServerTestCase):
    def test_a_starts_with_the_defaults(self):
        self.assertEqual(get(self.live_server_url), b"20 Welcome")

    def test_b_the_server_sees_a_change(self):
        self.assertEqual(get(self.live_server_url), b"20 Welcome")
        plan({"page_size": 13}).apply()
        self.assertEqual(get(self.live_server_url), b"13 Welcome")

    def test_c_starts_with_the_defaults_again(self):
        self.assertEqual(get(self.live_server_url), b"20 Welcome")

    def test_d_a_change_by_the_server(self):
        self.assertEqual(get_config().page_size, 20)
        self.assertEqual(post(f"{self.live_server_url}/resize/", size="14"), b"done")
        self.assertEqual(get_config().page_size, 14)
        self.assertEqual(post(f"{self.live_server_url}/async/resize/", size="15"), b"done")
        self.assertEqual(get_config().page_size, 15)

    def test_e_many_requests_at_once(self):
        plan({"page_size": 16}).apply()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(get, [self.live_server_url] * 24))
        self.assertEqual(set(answers), {b"16 Welcome"})


class WithStaticFiles(StaticLiveServerTestCase):
    @override_config(page_size=17)
    def test_a_pages_and_static_files(self):
        self.assertEqual(get(self.live_server_url), b"17 Welcome")
        self.assertIn(b"margin", get(f"{self.live_server_url}/static/shop/shop.css"))

    def test_b_a_change(self):
        plan({"page_size": 18}).apply()
        self.assertEqual(get(self.live_server_url), b"18 Welcome")
