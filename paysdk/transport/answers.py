"""What an answer's status means: pure."""

from __future__ import annotations

from datetime import UTC, datetime
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
from paysdk.transport.policy import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paysdk.messages import Response

__all__ = ["refusal"]

_SHOWN = 500
_LOOKED_AT = 10_000

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
    401: "Check the API key.",
    403: "The key is valid, but its role may not do this.",
    429: "Wait before asking again, or give the provider a limiter.",
}


def refusal(response: Response) -> APIError | None:
    """The error that an answer stands for, or ``None`` for a success."""
    status = response.status
    if 200 <= status < 300:  # noqa: PLR2004  # HTTP's own numbers
        return None
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else APIError)  # noqa: PLR2004
    detail, fields = _explanation(response.body)
    if 300 <= status < 400:  # noqa: PLR2004
        detail = detail or f"a redirect to {response.headers.get('location', 'nowhere')}, which is not followed"
    message = f"{status} {detail}".rstrip()
    if status in _WHAT_NEXT:
        message = f"{message.rstrip('.')}. {_WHAT_NEXT[status]}"
    return kind(
        message,
        status=status,
        detail=detail,
        fields=fields,
        request_id=response.headers.get("x-request-id") or response.headers.get("request-id"),
        retry_after=retry_after(response.headers, datetime.now(UTC)),
    )


def _explanation(body: bytes) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The API's own words, and its messages by field.

    Django REST Framework sends ``{"detail": …}``, ``{"field": ["…"]}`` or a bare list; one Campfire endpoint sends ``{"error": …}``; Notify
    sends ``{"status", "title", "detail"}`` and, in one of its own samples, no valid JSON. A 5xx may be HTML.
    """
    try:
        return _read(msgspec.json.decode(body))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _shortened(body[:_LOOKED_AT].decode(errors="replace")), {}


def _read(parsed: object) -> tuple[str, dict[str, tuple[str, ...]]]:
    if not _is_mapping(parsed):
        return _shortened("; ".join(_messages(parsed))), {}
    field = parsed.get("field")
    for name in ("detail", "error", "message", "title"):
        if isinstance(text := parsed.get(name), str) and text:
            return _shortened(text), {field: (text,)} if isinstance(field, str) else {}
    fields = {name: messages for name, value in parsed.items() if (messages := tuple(_messages(value)))}
    return _shortened("; ".join(f"{name}: {' '.join(messages)}" for name, messages in fields.items())), fields


def _messages(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if _is_list(value):
        return [message for item in value for message in _messages(item)]
    if _is_mapping(value):
        return [f"{name}: {message}" for name, item in value.items() for message in _messages(item)]
    return []


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_mapping(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else plain[:_SHOWN] + "…"
