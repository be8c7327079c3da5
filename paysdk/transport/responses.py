"""Makes an error from a response with an error status. Does no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

import attrs
import msgspec

from paysdk.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
)
from paysdk.transport.conventions import Conventions
from paysdk.transport.error_bodies import explain_parsed_body, is_error_name
from paysdk.transport.html_text import decode_text, extract_text, looks_like_markup
from paysdk.transport.messages import ErrorDetails
from paysdk.transport.policy import find_requested_wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.errors import MalformedResponseError
    from paysdk.transport.messages import RawResponse

__all__ = ["error_from_response", "explain_unreadable_body"]

_MAX_SHOWN_CHARS = 500
_MAX_READ_BYTES = 10_000

_USUAL = Conventions()
# Only the user of the session may see these.
_SECRET = frozenset({"set-cookie", "proxy-authenticate", "www-authenticate"})
# Xero sends the third (its "Requests and responses" page), and AWS's gateways send the fourth.
_REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "xero-correlation-id",
    "x-amzn-requestid",
    "x-correlation-id",
)

_BY_STATUS: Mapping[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitedError,
}

_WHAT_NEXT: Mapping[int, str] = {
    304: "paysdk does not ask for cached copies, so a cache or proxy sent this. Check the proxy of "
    "your session.",
    401: "Check the API key.",
    407: "Check the proxy of your session, and its user and password.",
    403: "The key is valid, but its role may not do this.",
    429: "Wait before you send more requests, or give the provider a limiter.",
}
_NO_LOCATION = "It names no new address. Check base_url and the proxy of your session."
_EMPTY = (
    "The response has a success status but an empty body instead of JSON. A proxy or gateway may "
    "have dropped the body. Try again later, and tell the provider if it happens again."
)
_STATUSES = frozenset(HTTPStatus)
_STATUS_NAMES = ("status", "statusCode", "status_code", "code", "errorCode", "error_code", "error")
_OVERLOADS = frozenset({"429", "503"})
_ABOUT_THE_KEY = frozenset({401, 403})
_NOT_THE_API = (
    "This is a page of HTML and not the API's own response. A proxy, firewall or gateway may have "
    "refused the request. Check base_url."
)


def error_from_response(response: RawResponse, conventions: Conventions = _USUAL) -> APIError:
    """Return the error that the status of a response means."""
    status = response.status
    is_servers = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = _BY_STATUS.get(status, ServerError if is_servers else APIError)
    said = _explain(response, conventions)
    detail, quoted = (said.detail,) * 2 if said.detail else _describe_redirect(response)
    # A gateway's page often has the status in its title.
    message = detail if detail.startswith(f"{status} ") else f"{status} {detail}"
    if not detail:
        message = _name_status(status)
    if advice := _what_next(response, detail):
        message = f"{message.rstrip('.')}. {advice}"
    return kind(
        message,
        status=status,
        detail=detail,
        fields=said.fields,
        request_id=_find_request_id(response.headers, conventions) or said.request_id,
        retry_after=find_requested_wait(
            status, response.headers, datetime.now(UTC), conventions.reset_headers
        ),
        headers={name: value for name, value in response.headers.items() if name not in _SECRET},
    ).quoting(*([quoted] if quoted else []))


def _explain(response: RawResponse, conventions: Conventions) -> ErrorDetails:
    """Return what the API says, in one line that is safe to show."""
    said = conventions.explain_error(response) or _explain_body(response)
    fields = {name: tuple(map(_truncate, messages)) for name, messages in said.fields.items()}
    return attrs.evolve(said, detail=_truncate(said.detail), fields=fields)


def _find_request_id(headers: Mapping[str, str], conventions: Conventions) -> str | None:
    names = (*map(str.lower, conventions.request_id_headers), *_REQUEST_IDS)
    return next((headers[name] for name in names if headers.get(name)), None)


def _describe_redirect(response: RawResponse) -> tuple[str, str]:
    """Return a message about a redirect, and the part of it that the server sent."""
    location = response.headers.get("location", "")
    if location and HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        return f"a redirect to {location}, which paysdk does not follow", location
    return "", ""


def _name_status(status: int) -> str:
    """Return the status and its name, for a response without an explanation."""
    name = f" {HTTPStatus(status).phrase}" if status in _STATUSES else ""
    return f"{status}{name}, without an explanation"


def _what_next(response: RawResponse, detail: str) -> str:
    """Return what the caller can do about an error, or an empty text if that is unknown."""
    status = response.status
    kind = response.headers.get("content-type", "")
    if status in _ABOUT_THE_KEY and looks_like_markup(decode_text(response.body, kind), kind):
        return _NOT_THE_API
    if status in _WHAT_NEXT:
        return _WHAT_NEXT[status]
    if detail:
        return ""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "The provider or a gateway in front of it failed. Try again later."
    is_refused = status >= HTTPStatus.BAD_REQUEST
    return "Check base_url and the arguments." if is_refused else _NO_LOCATION


def explain_unreadable_body(error: MalformedResponseError, response: RawResponse) -> None:
    """Set the message of *error* if the unreadable body is empty, a page of HTML or an error."""
    kind = response.headers.get("content-type", "")
    text = decode_text(response.body, kind) if error.not_json and error.path == "$" else ""
    if error.not_json and not response.body.strip():
        error.args = (_EMPTY,)
        error.quoting()
        return
    if looks_like_markup(text, kind):
        words = extract_text(text) or "a page without words"
        error.args = (f"The response is not JSON but a page of HTML: {words}, at $.",)
    elif words := _words_of_error(response.body):
        error.args = (f"{error} The API says: {words!r}.",)
    else:
        return
    error.detail = words
    error.quoting(*(error.quoted or ()), words, repr(words))


def _words_of_error(body: bytes) -> str:
    try:
        parsed = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    if isinstance(parsed, str):
        return _truncate(_plain(parsed))
    if not isinstance(parsed, dict):
        return ""
    sent = cast("dict[str, object]", parsed)
    named = {name: part for name, part in sent.items() if part and is_error_name(name)}
    words = explain_parsed_body(_without_markup(named)).detail
    return _truncate(f"{_overload_status(sent)} {words}".strip())


def _overload_status(body: Mapping[str, object]) -> str:
    """Return the 429 or 503 that *body* has instead of the status line, or an empty text."""
    inner = body.get("error")
    named = {**body, **cast("dict[str, object]", inner)} if isinstance(inner, dict) else body
    found = (str(named.get(name)) for name in _STATUS_NAMES)
    return next((text for text in found if text in _OVERLOADS), "")


def _explain_body(response: RawResponse) -> ErrorDetails:
    """Return what the body of an error says.

    One of Notify's own samples is not valid JSON. A proxy or gateway sends a page of HTML.
    """
    try:
        return explain_parsed_body(_without_markup(msgspec.json.decode(response.body)))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        kind = response.headers.get("content-type", "")
        return ErrorDetails(detail=_plain(decode_text(response.body, kind), kind))


def _plain(text: str, content_type: str = "") -> str:
    return extract_text(text) if looks_like_markup(text, content_type) else text


def _without_markup(value: object) -> object:
    """Return the parsed *value* with the words of each text that is HTML."""
    if isinstance(value, str):
        return _plain(value)
    if isinstance(value, list):
        return [_without_markup(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {
            name: _without_markup(part) for name, part in cast("dict[str, object]", value).items()
        }
    return value


def _truncate(text: str) -> str:
    # Control characters could steer a terminal that shows the message.
    plain = " ".join(
        "".join(sign if sign.isprintable() else " " for sign in text[:_MAX_READ_BYTES]).split()
    )
    return plain if len(plain) <= _MAX_SHOWN_CHARS else plain[:_MAX_SHOWN_CHARS] + "…"
