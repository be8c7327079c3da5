"""Tests of where requests may go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.origin import follow_redirect, parse_origin


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://api.example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        ("HTTPS://API.Example.COM", "https://api.example.com"),
        ("https://api.example.com:8443/", "https://api.example.com:8443"),
        ("https://api.example.com:443", "https://api.example.com:443"),
        ("https://api.example.com:", "https://api.example.com"),
        ("https://api.example.com.", "https://api.example.com."),
        ("https://my_service:8000", "https://my_service:8000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://192.0.2.7", "https://192.0.2.7"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://LOCALHOST", "http://localhost"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.2", "http://127.0.0.2"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_origin_is_taken_with_or_without_a_slash(base_url: str, expected: str) -> None:
    """An https origin is accepted, and an http origin on this machine."""
    assert expected == parse_origin(base_url)


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "127.0.0.1.evil.com",
        "localhost.evil.com",
        "evil.localhost",
        "localhost.",
        "notlocalhost",
        "127.1",
        "2130706433",
        "0.0.0.0",  # noqa: S104  # what is refused
        "10.0.0.1",
        "[::]",
        "[2001:db8::1]",
        "128.0.0.1",
    ],
)
def test_http_is_refused_except_to_this_machine(host: str) -> None:
    """Http is refused for a host that only looks like loopback."""
    with pytest.raises(ConfigurationError, match="must be https"):
        parse_origin(f"http://{host}")


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example.com",
        "//api.example.com",
        "https://",
        "https:///v2",
        "https://:443",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "https://api.example.com:99999",
        "https://api.example.com:0",
        "https://api.example.com:port",
        "https://[::1",
        "https://[v1.x]",
        "https://[nonsense]",
        "https://user@api.example.com",
        "https://user:word@api.example.com",
        "https://@api.example.com",
        "https://api.example.com\\@evil.com",
        "https://evil.com\\.example.com",
        "https://api.example.com//",
        "https://api.example.com//v2",
        "https://api.example.com/v2//x",
        "https://api.example.com/v2/../x",
        "https://api.example.com/.",
        "https://api.example.com/%2e%2e",
        "https://api.example.com/v2;x",
        "https://api.example.com/\\evil.com",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        " https://api.example.com",
        "https://api.example.com ",
        "https://api.exam ple.com",
        "https://api.exam\nple.com",
        "https://api.exam\tple.com",
        "https://api.example.com\r\nX: y",
        "https://api.example.com\x00",
        "\x00https://api.example.com",
        "https://api\u200b.example.com",
        "https://bücher.example",
        "https://аpi.example.com",  # noqa: RUF001  # a Cyrillic letter, which is what is refused
        "https://api.example.com。",
        "https://exa%6dple.com",
        None,
        5,
        b"https://api.example.com",
    ],
)
def test_anything_but_an_origin_is_refused(base_url: str) -> None:
    """A URL with more than an origin, or with an unsafe host, is refused."""
    with pytest.raises(
        ConfigurationError,
        match=r"^base_url .* Give the origin alone, such as https://api\.example\.com\.$",
    ):
        parse_origin(base_url)


@settings(max_examples=150)
@given(
    st.text(max_size=20)
    | st.text(max_size=20).map("https://".__add__)
    | st.text(max_size=12).map("http://localhost".__add__)
)
def test_any_text_is_an_origin_or_refused(base_url: str) -> None:
    """A text is refused with ConfigurationError, or its origin is accepted unchanged."""
    try:
        origin = parse_origin(base_url)
    except ConfigurationError:
        return
    assert origin == parse_origin(origin)
    assert origin.isascii()
    assert origin.isprintable()


ORIGIN = "https://api.example.com"
REQUEST = Request("GET", "/v2/payments", "from=a&limit=2")


def redirect_to(location: str | None, status: int = 302) -> RawResponse:
    """Make a redirect to *location*."""
    return RawResponse(status, {} if location is None else {"location": location}, b"")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://api.example.com/v3/payments?from=a", "/v3/payments?from=a"),
        ("https://API.example.com:443/x", "/x"),
        ("https://api.example.com", "/"),
        ("/v3/payments/", "/v3/payments/"),
        ("payments/", "/v2/payments/"),
        ("?from=b", "/v2/payments?from=b"),
        ("//api.example.com/x", "/x"),
        ("https://user:word@api.example.com/x", "/x"),
        ("/x#fragment", "/x"),
        ("/x?cursor=cD0%3D&y=a+b", "/x?cursor=cD0%3D&y=a+b"),
        ("/a b?c d", "/a%20b?c%20d"),
        ("/é\\evil.com", "/%C3%A9%5Cevil.com"),
        ("/\udce9", "/%E9"),
        ("https:\\\\evil.com", "/v2/%5C%5Cevil.com"),
        ("", "/v2/payments?from=a&limit=2"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_on_the_same_origin_is_followed(location: str, target: str, status: int) -> None:
    """The path and the query are used, in a form that a request line can contain."""
    followed = follow_redirect(ORIGIN, REQUEST, redirect_to(location, status))
    assert followed is not None
    assert ("GET", target) == (followed.method, followed.target)


@pytest.mark.parametrize(
    "location",
    [
        None,
        "http://api.example.com/x",
        "https://api.example.com:8443/x",
        "https://api.example.com:80/x",
        "https://evil.com/x",
        "//evil.com/x",
        "https://api.example.com.evil.com/x",
        "https://api.example.com@evil.com/x",
        "https://api.example.com./x",
        "ftp://api.example.com/x",
        "javascript:alert(1)",
        "https://[::1/x",
        "https://api.example.com:99999/x",
    ],
)
def test_redirect_elsewhere_is_not_followed(location: str | None) -> None:
    """Another origin would receive the key, and an unreadable address is ignored."""
    assert follow_redirect(ORIGIN, REQUEST, redirect_to(location)) is None


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://gateway.example.com/campfire/", "https://gateway.example.com/campfire"),
        (
            "https://gateway.example.com:8443/a/b-1_2.3~",
            "https://gateway.example.com:8443/a/b-1_2.3~",
        ),
        ("https://gateway.example.com/.well-known", "https://gateway.example.com/.well-known"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_the_path_of_a_gateway_is_kept(base_url: str, origin: str) -> None:
    """The path of a gateway comes before the paths of the provider."""
    assert origin == parse_origin(base_url)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://api.example.com/campfire/v3/payments?from=a", "/v3/payments?from=a"),
        ("/campfire/", "/"),
        ("payments/", "/v2/payments/"),
        ("/v3/payments", None),
        ("/campfire-2/v3", None),
        ("/campfire", None),
        ("", "/v2/payments?from=a&limit=2"),
    ],
)
def test_a_redirect_stays_behind_the_gateway(location: str, target: str | None) -> None:
    """Behind a gateway, a redirect to a path outside it is not followed."""
    followed = follow_redirect(f"{ORIGIN}/campfire", REQUEST, redirect_to(location))
    assert target == (None if followed is None else followed.target)


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 400, 404, 503])
def test_other_statuses_are_not_redirects(status: int) -> None:
    """A Location header with another status is ignored."""
    assert follow_redirect(ORIGIN, REQUEST, redirect_to("/x", status)) is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_post_is_never_redirected(status: int) -> None:
    """A redirect does not send a payment a second time."""
    assert (
        follow_redirect(
            ORIGIN, Request("POST", "/pay/", body=b"{}"), redirect_to("/pay/2/", status)
        )
        is None
    )


@pytest.mark.parametrize(
    ("origin", "location", "followed"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/x", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1/x", False),
        ("http://localhost", "http://localhost:80/x", True),
        ("http://localhost", "https://localhost/x", False),
        ("https://api.example.com:443", "https://api.example.com/x", True),
        ("https://[2001:db8::1]", "https://[2001:DB8::1]:443/x", True),
    ],
)
def test_default_ports_are_the_same_origin(
    origin: str, location: str, followed: bool
) -> None:  # a table's column
    """The default port of the scheme may be named or left out."""
    assert followed is (follow_redirect(origin, REQUEST, redirect_to(location)) is not None)


@settings(max_examples=150)
@given(st.text(max_size=30) | st.text(max_size=15).map("https://api.example.com/".__add__))
def test_any_location(location: str) -> None:
    """No Location header raises an error or ends a request line early."""
    followed = follow_redirect(ORIGIN, REQUEST, redirect_to(location))
    if followed is not None:
        assert followed.target.startswith("/")
        assert followed.target.isascii()
        assert followed.target.isprintable()
        assert " " not in followed.target


def test_allow_http(caplog: pytest.LogCaptureFixture) -> None:
    """Plain http to another host needs a setting, which the error names, and logs a warning."""
    with pytest.raises(ConfigurationError, match="set allow_http=True"):
        CampfireProvider("sandbox-key", base_url="http://payments.internal")
    assert (
        "http://payments.internal"
        == CampfireProvider(
            "sandbox-key", base_url="http://payments.internal", allow_http=True
        ).base_url
    )
    (record,) = caplog.records
    assert ("paysdk", "WARNING") == (record.name, record.levelname)
    assert "payments.internal over plain http" in record.getMessage()
    caplog.clear()
    NotifyProvider("sandbox-key", base_url="https://payments.internal", allow_http=True)
    NotifyProvider("sandbox-key", base_url="http://127.0.0.1:1", allow_http=True)
    assert [] == caplog.records


def test_allow_http_is_true_or_false() -> None:
    """Only a bool is accepted, because every text would count as true."""
    with pytest.raises(ConfigurationError, match="allow_http must be True or False, not 'no'"):
        CampfireProvider("sandbox-key", allow_http="no")  # type: ignore[arg-type]  # refused
