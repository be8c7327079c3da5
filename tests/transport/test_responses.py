"""Tests of the errors that responses become."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
)
from paysdk.transport.conventions import Conventions
from paysdk.transport.messages import RawResponse
from paysdk.transport.responses import error_from_response, explain_unreadable_body

NAMED: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitedError,
}


def refused(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> APIError:
    """Return the error of a response."""
    return error_from_response(RawResponse(status, headers or {}, body))


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_has_its_class(status: int) -> None:
    """Each status has its class of error."""
    error = refused(status)
    assert NAMED.get(status, ServerError if status >= 500 else APIError) is type(error)
    assert (status, True) == (error.status, str(error).startswith(str(status)))


def nested(depth: int) -> bytes:
    """Nest a list."""
    return b"[" * depth + b'"deep"' + b"]" * depth


@pytest.mark.parametrize(
    ("body", "detail", "fields"),
    [
        # Django REST Framework
        (b'{"detail":"Invalid token."}', "Invalid token.", {}),
        (
            b'{"amount":["A valid number is required."]}',
            "amount: A valid number is required.",
            {"amount": ("A valid number is required.",)},
        ),
        (b'{"a":["x","y"],"b":"z"}', "a: x y; b: z", {"a": ("x", "y"), "b": ("z",)}),
        (
            b'{"non_field_errors":["Already paid."]}',
            "Already paid.",
            {},
        ),
        (
            b'{"transactions":[{},{"amount":["Too big."]}]}',
            "transactions.amount: Too big.",
            {"transactions.amount": ("Too big.",)},
        ),
        (b'{"detail":["one","two"]}', "one; two", {}),
        (
            b'{"title":["This field is required."]}',
            "title: This field is required.",
            {"title": ("This field is required.",)},
        ),
        (b'["first","second"]', "first; second", {}),
        (b'["<p>first</p>"]', "first", {}),
        (
            b'{"error":{"message":"<title>Deep</title>"}}',
            "Deep",
            {},
        ),
        (b'[{"amount":["bad"]},null,5]', "amount: bad", {"amount": ("bad",)}),
        # One Campfire endpoint
        (b'{"error":"No such reconciliation."}', "No such reconciliation.", {}),
        (b'{"message":"Slow down."}', "Slow down.", {}),
        # Notify
        (
            b'{"status":400,"title":"Bad Request","detail":"Field date in wrong format"}',
            "Field date in wrong format",
            {},
        ),
        (
            b'{"status":422,"title":"Unprocessable","detail":"Too high","field":"amount"}',
            "Too high",
            {"amount": ("Too high",)},
        ),
        (b'{"status":404,"title":"Not Found"}', "Not Found", {}),
        (b'{"status":404,"title":"Not Found","detail":""}', "Not Found", {}),
        (
            b'{"status":400,"title":"Bad Request","detail":""Field""}',
            '{"status":400,"title":"Bad Request","detail":""Field""}',
            {},
        ),
        # Others
        (b'"just a text"', "just a text", {}),
        (b"{}", "", {}),
        (b"[]", "", {}),
        (b"null", "", {}),
        (b"17", "", {}),
        (b'{"code":17,"ok":false}', "", {}),
        (b"", "", {}),
        (b"  \n ", "", {}),
        (b"<html>\n  <h1>502   Bad Gateway</h1>\n</html>", "502 Bad Gateway", {}),
        (b"caf\xe9", "caf\ufffd", {}),
        (rb'{"detail":"\ud800"}', r'{"detail":"\ud800"}', {}),
        (b'{"detail":"a\\n\\n  b"}', "a b", {}),
        (nested(3), "deep", {}),
    ],
)
def test_words_of_the_api_are_found(
    body: bytes, detail: str, fields: dict[str, tuple[str, ...]]
) -> None:
    """The API's words and its messages by field are found in each known shape."""
    error = refused(400, body)
    assert (detail, fields) == (error.detail, error.fields)
    message = f"400 {detail}" if detail else "400 Bad Request, without an explanation. Check "
    assert str(error).startswith(message)


@pytest.mark.parametrize("depth", [400, 900, 5000])
@pytest.mark.parametrize("inside", [b"%s", b'{"detail":%s}', b'{"amount":%s}'])
def test_deep_nesting(depth: int, inside: bytes) -> None:
    """A deeply nested body gives an ordinary error."""
    assert refused(400, inside % nested(depth)).detail


@pytest.mark.parametrize(
    "body", [b"x" * 100_000, json.dumps({"detail": "x" * 100_000}).encode(), "é".encode() * 50_000]
)
def test_long_words_are_cut(body: bytes) -> None:
    """A long message is cut."""
    error = refused(500, body)
    assert 501 == len(error.detail)
    assert error.detail.endswith("…")


ADVICE_FOR_429 = "Wait before you send more requests, or give the provider a limiter."


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "401 Invalid token. Check the API key."),
        (403, "403 Invalid token. The key is valid, but its role may not do this."),
        (429, f"429 Invalid token. {ADVICE_FOR_429}"),
        (404, "404 Invalid token."),
    ],
)
def test_message_says_what_to_do_next(status: int, expected: str) -> None:
    """The message ends with what to do, if that is known."""
    assert expected == str(refused(status, b'{"detail":"Invalid token."}'))


@pytest.mark.parametrize("status", [401, 403])
def test_page_of_a_gateway_is_not_about_the_key(status: int) -> None:
    """A page of HTML is not taken for the API's refusal of the key."""
    message = str(refused(status, b"<html><title>Blocked</title></html>"))
    assert message.startswith(
        f"{status} Blocked. This is a page of HTML and not the API's own response. A proxy"
    )
    assert message.endswith("Check base_url.")


def test_page_of_a_gateway_is_found_in_its_charset() -> None:
    """The charset of the header decides whether a body is a page of HTML."""
    page = "<html><title>Blocked</title></html>".encode("utf-16-le")
    error = refused(403, page, {"content-type": "text/plain; charset=utf-16-le"})
    assert str(error).startswith("403 Blocked. This is a page of HTML")


def test_status_in_a_title_is_not_repeated() -> None:
    """The title of a page may begin with the status."""
    error = refused(502, b"<html><title>502 Bad Gateway</title></html>")
    assert "502 Bad Gateway" == str(error)


def test_headers_without_logins_are_on_the_error() -> None:
    """The headers of the response are on the error, without those that only its user may see."""
    secret = {"set-cookie": "a=b", "www-authenticate": "Basic", "proxy-authenticate": "Basic"}
    assert {"x-page": "7"} == refused(400, headers={"x-page": "7", **secret}).headers


def test_message_without_words_still_says_what_to_do() -> None:
    """An empty body leaves the status and the advice."""
    assert "401 Unauthorized, without an explanation. Check the API key." == str(refused(401))


@pytest.mark.parametrize(("status", "is_redirect"), [(300, True), (399, True), (400, False)])
def test_only_a_status_of_a_redirect_leads_somewhere(status: int, is_redirect: bool) -> None:
    """A Location header counts from 300 to 399."""
    error = refused(status, headers={"location": "https://evil.com/"})

    assert is_redirect is ("redirect" in str(error))


def test_redirect_that_is_not_followed_says_where_it_leads() -> None:
    """The message contains the address of the redirect."""
    headers = {"location": "https://evil.com/"}
    error = refused(302, headers=headers)
    assert "a redirect to https://evil.com/, which paysdk does not follow" == error.detail
    assert "302 a redirect to https://evil.com/, which paysdk does not follow" == str(error)
    assert "Moved." == refused(302, b'{"detail":"Moved."}', headers).detail


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-request-id": "r1"}, "r1"),
        ({"request-id": "r2"}, "r2"),
        ({"x-request-id": "r1", "request-id": "r2"}, "r1"),
    ],
    ids=range(4),
)
def test_request_id_is_kept(headers: dict[str, str], expected: str | None) -> None:
    """The provider's request id is on the error, under both header names."""
    assert expected == refused(500, headers=headers).request_id


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"intuit_tid": "t1"}, "t1"),
        ({"intuit_tid": "t1", "request-id": "r2"}, "t1"),
        ({"intuit_tid": "", "request-id": "r2"}, "r2"),
        ({}, "b1"),
    ],
    ids=range(4),
)
def test_request_id_is_in_the_header_of_the_api(headers: dict[str, str], expected: str) -> None:
    """A header that the provider names comes first, before the usual headers and the body."""
    response = RawResponse(500, headers, b'{"message": "No", "request_id": "b1"}')
    conventions = Conventions(request_id_headers=("Intuit_TID",))
    assert expected == error_from_response(response, conventions).request_id


@pytest.mark.parametrize(
    ("text", "expected"), [("7", 7.0), ("never", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)]
)
@pytest.mark.parametrize("status", [429, 503, 400])
def test_retry_after_is_in_seconds(status: int, text: str, expected: float | None) -> None:
    """The requested wait is on the error, whatever the status is."""
    assert expected == refused(status, headers={"retry-after": text}).retry_after


def test_wait_in_a_header_of_the_api() -> None:
    """A provider can name a header that says when its rate limit resets."""
    conventions = Conventions(reset_headers=("X-Reset-In",))
    response = RawResponse(429, {"x-reset-in": "7"}, b"")
    assert (7.0, None) == (
        error_from_response(response, conventions).retry_after,
        error_from_response(response).retry_after,
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["detail", "error", "message", "title", "field", "amount"]), inner
        )
    ),
    max_leaves=10,
)


@settings(max_examples=150)
@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_gives_an_error_that_can_be_shown(body: bytes) -> None:
    """Any body gives an error with its status and with texts only."""
    error = refused(422, body)
    assert isinstance(error, BadRequestError)
    assert str(error).startswith("422")
    assert all(
        isinstance(message, str) for messages in error.fields.values() for message in messages
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (502, "502 Bad Gateway, without an explanation. The provider or a gateway in front of it "),
        (520, "520, without an explanation. The provider or a gateway in front of it failed. Try "),
        (404, "404 Not Found, without an explanation. Check base_url and the arguments."),
        (304, "304 Not Modified, without an explanation. paysdk does not ask for cached copies"),
        (302, "302 Found, without an explanation. It names no new address. Check base_url "),
        (399, "399, without an explanation. It names no new address. Check base_url "),
    ],
)
def test_response_without_words_is_named_and_says_what_to_do(status: int, message: str) -> None:
    """The message has the name of the status and the advice."""
    error = refused(status)
    assert str(error).startswith(message)
    assert "" == error.detail


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_success_without_a_body_says_so(body: bytes) -> None:
    """The message says that the body is empty, not that its JSON is cut off."""
    error = MalformedResponseError("not JSON", not_json=True)
    explain_unreadable_body(error, RawResponse(200, {}, body))
    assert str(error).startswith("The response has a success status but an empty body")
    assert ("$", "", True, ()) == (error.path, error.detail, error.not_json, error.quoted)


@pytest.mark.parametrize(
    ("body", "message", "detail"),
    [
        (
            b'"Too many requests"',
            "Expected `object`. The API says: 'Too many requests'.",
            "Too many requests",
        ),
        (b"[7]", "Expected `object`.", ""),
        (b'{"results": 7}', "Expected `object`.", ""),
        (b'{"name": "Jan"}', "Expected `object`.", ""),
        (b'{"results": "<b>no</b>"}', "Expected `object`.", ""),
    ],
    ids=["text", "list", "other object", "object with a name", "object with markup"],
)
def test_success_of_another_shape(body: bytes, message: str, detail: str) -> None:
    """The message has the API's words, if the body has any."""
    error = MalformedResponseError("Expected `object`.", path="$")
    explain_unreadable_body(error, RawResponse(200, {"content-type": "text/html"}, body))
    assert (message, detail) == (str(error), error.detail)


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        ("", b"<html><title>Sign in</title></html>", "Sign in"),
        ("text/html; charset=latin-1", b"Caf\xe9 <b>closed</b>", "Caf\xe9 closed"),
        ("", b"<html></html>", "a page without words"),
    ],
    ids=["page", "page by its header", "page without words"],
)
def test_page_of_html_with_a_success_status(content_type: str, body: bytes, words: str) -> None:
    """The message has the words of the page, which came from outside."""
    error = MalformedResponseError("not JSON", not_json=True).quoting("invalid")
    headers = {"content-type": content_type} if content_type else {}
    explain_unreadable_body(error, RawResponse(200, headers, body))
    assert f"not JSON but a page of HTML: {words}, at $." in str(error)
    assert (words, ("invalid", words, repr(words))) == (error.detail, error.quoted)


def test_page_of_html_by_its_header() -> None:
    """The header says that a body is HTML, and in which charset it is."""
    headers, page = {"content-type": "text/html; charset=latin-1"}, b"Caf\xe9 <b>closed</b>"
    assert "Caf\xe9 closed" == refused(400, page, headers).detail
    assert "is a page of HTML and not the API's own" in str(refused(403, page, headers))
    assert "Caf\ufffd <b>closed</b>" == refused(400, page).detail


@pytest.mark.parametrize(("length", "shown"), [(500, 500), (501, 501)])
def test_words_of_a_field_are_shortened(length: int, shown: int) -> None:
    """A message has at most 500 characters and an ellipsis, and no control characters."""
    error = refused(400, json.dumps({"amount": ["\x07" + "x" * length]}).encode())
    assert isinstance(error, BadRequestError)
    words = "x" * 500 + "\u2026" * (length - 500)
    assert {"amount": (words,)} == error.fields
    assert shown == len(words)


def test_failure_without_words_says_what_to_do() -> None:
    """From 500 on, the provider has failed, and another attempt may succeed."""
    assert str(refused(499)).endswith("Check base_url and the arguments.")
    assert str(refused(500)).endswith("Try again later.")


def test_error_without_words_quotes_nothing() -> None:
    """If the response has no words and no address, the message is paysdk's own."""
    assert () == refused(500).quoted


def test_redirect_quotes_its_address() -> None:
    """The address of a redirect came from outside."""
    assert ("/login",) == refused(302, headers={"location": "/login"}).quoted
