"""Makes an error of a response with an error status. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeGuard

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
from paysdk.transport.html_text import decode_text, extract_text, looks_like_markup
from paysdk.transport.policy import find_requested_wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.errors import MalformedResponseError
    from paysdk.transport.messages import Response

__all__ = ["error_from_response", "explain_unreadable_body"]

_MAX_SHOWN_CHARS = 500
_MAX_READ_BYTES = 10_000
# In lower case and without underscores, because APIs write the names in different ways.
_ERROR_NAMES = frozenset(
    {
        "detail",
        "details",
        "error",
        "errors",
        "exception",
        "fault",
        "message",
        "messages",
        "msg",
        "reason",
        "title",
    }
    | {"errordescription", "errordetail", "errormessage", "errormsg", "nonfielderrors"}
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
_ABOUT_THE_KEY = frozenset({401, 403})
_NOT_THE_API = (
    "This is a page of HTML and not the API's own response. A proxy, firewall or gateway may have "
    "refused the request. Check base_url."
)


def error_from_response(response: Response) -> APIError | None:
    """Return the error that the status of a response means, or ``None`` for a success."""
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004  # HTTP's own numbers
        return None
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIError)  # noqa: PLR2004
    words, fields = _explain_body(response)
    detail, quoted = (words, words) if words else _describe_redirect(response)
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
        fields=fields,
        request_id=response.headers.get("x-request-id") or response.headers.get("request-id"),
        retry_after=find_requested_wait(status, response.headers, datetime.now(UTC)),
    ).quoting(*([quoted] if quoted else []))


def _describe_redirect(response: Response) -> tuple[str, str]:
    """Return a message about a redirect, and the part of it that the server sent."""
    location = response.headers.get("location", "")
    if location and 300 <= response.status < 400:  # noqa: PLR2004
        return f"a redirect to {location}, which paysdk does not follow", location
    return "", ""


def _name_status(status: int) -> str:
    """Return the status and its name, for a response without an explanation."""
    name = f" {HTTPStatus(status).phrase}" if status in _STATUSES else ""
    return f"{status}{name}, without an explanation"


def _what_next(response: Response, detail: str) -> str:
    """Return what the caller can do about an error, or an empty text if that is unknown."""
    status = response.status
    kind = response.headers.get("content-type", "")
    if status in _ABOUT_THE_KEY and looks_like_markup(decode_text(response.body, kind), kind):
        return _NOT_THE_API
    if status in _WHAT_NEXT:
        return _WHAT_NEXT[status]
    if detail:
        return ""
    if status >= 500:  # noqa: PLR2004  # HTTP's own number
        return "The provider or a gateway in front of it failed. Try again later."
    return "Check base_url and the arguments." if status >= 400 else _NO_LOCATION  # noqa: PLR2004


def explain_unreadable_body(error: MalformedResponseError, response: Response) -> None:
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
    if not _is_mapping(parsed):
        return ""
    return _read({name: value for name, value in parsed.items() if value and _is_error_name(name)})[
        0
    ]


def _is_error_name(name: str) -> bool:
    return name.replace("_", "").lower() in _ERROR_NAMES


def _explain_body(response: Response) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Return the API's own words, and its messages by field.

    Django REST Framework sends ``{"detail": …}``, ``{"field": ["…"]}`` or a bare list. One Campfire
    endpoint sends ``{"error": …}``. Notify sends ``{"status", "title", "detail"}``; one of its own
    samples is not valid JSON. A proxy or gateway sends a page of HTML.
    """
    try:
        return _read(msgspec.json.decode(response.body))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        kind = response.headers.get("content-type", "")
        return _truncate(_plain(decode_text(response.body, kind), kind)), {}


def _plain(text: str, content_type: str = "") -> str:
    return extract_text(text) if looks_like_markup(text, content_type) else text


def _read(parsed: object) -> tuple[str, dict[str, tuple[str, ...]]]:
    if not _is_mapping(parsed):
        return _truncate("; ".join(_messages(parsed))), {}
    field = parsed.get("field")
    for name in ("detail", "error", "message", "title"):
        if isinstance(text := parsed.get(name), str) and text:
            return _truncate(_plain(text)), {field: (text,)} if isinstance(field, str) else {}
    fields = {
        name: messages for name, value in parsed.items() if (messages := tuple(_messages(value)))
    }
    return _truncate(
        "; ".join(f"{name}: {' '.join(messages)}" for name, messages in fields.items())
    ), fields


def _messages(value: object) -> list[str]:
    if isinstance(value, str):
        return [_plain(value)]
    if _is_list(value):
        return [message for item in value for message in _messages(item)]
    if _is_mapping(value):
        return [f"{name}: {message}" for name, item in value.items() for message in _messages(item)]
    return []


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_mapping(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _truncate(text: str) -> str:
    # Control characters could steer a terminal that shows the message.
    plain = " ".join(
        "".join(sign if sign.isprintable() else " " for sign in text[:_MAX_READ_BYTES]).split()
    )
    return plain if len(plain) <= _MAX_SHOWN_CHARS else plain[:_MAX_SHOWN_CHARS] + "…"
