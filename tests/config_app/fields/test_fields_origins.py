"""Fields for origins and URLs return what browsers send, and nothing that could break a header."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from config_app.fields import HttpsOriginField, OriginField, OriginListField, UrlField

NOT_URLS = [
    "javascript:alert(1)", "data:,x", "ftp://hub.example.com", "//hub.example.com", "http:hub.example.com",
    "http:/hub.example.com", "https://", "https:///", "https://:443", "https://user@hub.example.com",
    "https://user:pw@hub.example.com", "https://hub.example.com:", "https://hub.example.com:0",
    "https://hub.example.com:65536", "https://hub.example.com:0443", "https://hub.example.com:+1",
    "https://hub.example.com:４４３", "https://hub.example.com:80:80", "https://hub_1.example.com",
    "https://*.example.com", "https://bücher.example", "https://hub.example.com\\@evil.example",
    "https:\\\\hub.example.com", "https://hub example", "ht\ntps://hub.example.com",
    "https://hub\t.example.com", "https://hub.example.com\x00", "https://127.1", "https://[::1",
    "https://::1", "https://[127.0.0.1]", "https://[::1%25eth0]", "https://hub..example.com", "null",
    "https", "https://hub.example.com#", "https://hub.example.com/#top", "httpſ://hub.example.com",
]  # fmt: skip
NOT_ORIGINS = [
    *NOT_URLS, "https://hub.example.com/path", "https://hub.example.com//", "https://hub.example.com?",
    "https://hub.example.com/?a=b", "https://hub.example.com;", "https://hub.example.com/.",
    "https://hub.example.com/ x",
]  # fmt: skip
ORIGINS = [
    ("https://hub.example.com", "https://hub.example.com"),
    ("https://hub.example.com/", "https://hub.example.com"),
    ("HTTPS://Hub.Example.COM:443/", "https://hub.example.com"),
    ("http://hub.example.com:80", "http://hub.example.com"),
    ("http://hub.example.com:443", "http://hub.example.com:443"),
    ("https://hub.example.com:8443", "https://hub.example.com:8443"),
    (" http://localhost:8884\n", "http://localhost:8884"),
    ("http://127.0.0.1:8884", "http://127.0.0.1:8884"),
    ("http://[0:0::1]:8884", "http://[::1]:8884"),
]


@pytest.mark.parametrize(("text", "origin"), [*ORIGINS, ("", ""), (" ", "")])
def test_an_origin_comes_out_as_browsers_send_it(text: str, origin: str) -> None:
    assert OriginField().clean(text) == origin


@pytest.mark.parametrize("text", [*NOT_ORIGINS, "hub.example.com", "hub.example.com:443", "*", 7])
def test_anything_else_is_no_origin(text: object) -> None:
    with pytest.raises(ValidationError, match="expected an http:// or https:// origin without a path"):
        OriginField().clean(text)


def test_a_required_origin_cannot_be_empty() -> None:
    with pytest.raises(ValidationError, match="expected an http"):
        OriginField(required=True).clean("")


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("*,\n*", ("*",)),
        (
            "https://b.example/\nhttps://A.example:443, https://b.example",
            ("https://b.example", "https://a.example"),
        ),
    ],
)
def test_an_origin_list_keeps_order_and_drops_repetition(text: str, origins: tuple[str, ...]) -> None:
    assert OriginListField().clean(text) == origins


@pytest.mark.parametrize("text", [*NOT_ORIGINS, "**", "https://a.example https://b.example"])
def test_an_origin_list_refuses_what_is_no_origin(text: str) -> None:
    with pytest.raises(ValidationError, match="expected http:// or https:// origins without a path"):
        OriginListField().clean(f"https://good.example,{text}")


@pytest.mark.parametrize(
    "text", ["*,https://a.example", "https://a.example\n*", "* https://a.example", "https://a.example *"]
)
def test_every_origin_and_some_origins_contradict_each_other(text: str) -> None:
    with pytest.raises(ValidationError, match=r"; \* must be the only entry"):
        OriginListField().clean(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", None),
        ("https://csp.example.com", "https://csp.example.com"),
        ("https://csp.example.com/", "https://csp.example.com/"),
        (
            "HTTPS://CSP.example.com:443/Report/A?key=V%2c1&b=@",
            "https://csp.example.com/Report/A?key=V%2c1&b=@",
        ),
        ("http://[::1]:9000/r", "http://[::1]:9000/r"),
        ("https://csp.example.com?x", "https://csp.example.com?x"),
    ],
)
def test_a_url_keeps_its_path_and_query(text: str, url: str | None) -> None:
    assert UrlField().clean(text) == url


@pytest.mark.parametrize("rest", [*";,'\"<>\\^`{}|# \t\r\n\x00\x7f\x85\u00a0\u2028é%", "%g0", "%2", "[", "]"])
def test_a_url_cannot_carry_what_a_header_gives_meaning_to(rest: str) -> None:
    with pytest.raises(ValidationError, match="expected an absolute http:// or https:// address"):
        UrlField().clean(f"https://csp.example.com/r{rest}x")


@pytest.mark.parametrize(
    "text", [*NOT_URLS, "/csp-report", "csp.example.com/report", "https://csp.example.com; script-src *", 7]
)
def test_anything_else_is_no_url(text: object) -> None:
    with pytest.raises(ValidationError, match="expected an absolute http:// or https:// address"):
        UrlField().clean(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("", None),
        ("auth.example.com", "https://auth.example.com"),
        ("Auth.Example.com/", "https://auth.example.com"),
        ("auth.example.com:8443", "https://auth.example.com:8443"),
        ("https://auth.example.com/", "https://auth.example.com"),
        ("http://localhost:4100", "http://localhost:4100"),
        ("http://127.0.0.1:4100/", "http://127.0.0.1:4100"),
        ("http://[::1]:4100", "http://[::1]:4100"),
    ],
)
def test_a_bare_sign_in_host_means_https(text: str, origin: str | None) -> None:
    assert HttpsOriginField().clean(text) == origin


@pytest.mark.parametrize(
    "text", ["http://auth.example.com", "http://10.0.0.1", "http://localhost.example.com"]
)
def test_sign_in_does_not_leave_this_machine_in_the_clear(text: str) -> None:
    with pytest.raises(ValidationError, match="only for this machine"):
        HttpsOriginField().clean(text)


@pytest.mark.parametrize(
    "text",
    [
        *(t for t in NOT_ORIGINS if t not in ("null", "https")),
        "auth.example.com/path",
        "user@auth.example.com",
        7,
    ],
)
def test_anything_else_is_no_sign_in_domain(text: object) -> None:
    with pytest.raises(ValidationError, match="expected an https:// origin or a host name"):
        HttpsOriginField().clean(text)
