"""Everything that paysdk raises.

    PaysdkError
    ├── ConfigurationError (ValueError)      yours: a bad key, base_url, page size, checkpoint,
    unknown provider ├── UnsupportedFilterError (ValueError)  yours: this provider cannot do that
    ├── TransportError                       no complete answer │   ├── ConnectionFailedError
    (ConnectionError) │   └── RequestTimeoutError (TimeoutError) ├── APIError an answer with an
    error status │   ├── BadRequestError 400 422 │ ├── AuthenticationError 401 │ ├──
    PermissionDeniedError 403 │   ├── NotFoundError 404 (LookupError) │   ├── ConflictError 409 │
    ├── RateLimitedError 429 │   └── ServerError 5xx ├── MalformedResponseError               a
    success whose body is not what it must be ├── PaginationError                      the
    provider's links do not lead anywhere new ├── DuplicatePaymentError                more is
    booked than was ordered, or this order is booked already └── OutcomeUnknownError a write that
    may or may not have happened

A ``ConfigurationError`` or an ``UnsupportedFilterError`` is raised before anything is sent. None of
them ever holds a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from paysdk.checkpoint import Checkpoint

__all__ = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "ConnectionFailedError",
    "DuplicatePaymentError",
    "MalformedResponseError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PaginationError",
    "PaysdkError",
    "PermissionDeniedError",
    "RateLimitedError",
    "RequestTimeoutError",
    "ServerError",
    "TransportError",
    "UnsupportedFilterError",
]


class PaysdkError(Exception):
    """The root of everything that paysdk raises.

    ``provider``, ``method`` and ``url`` say where it happened, and are ``None`` where there was no
    request. On an error that ended a listing, ``checkpoint`` is where to go on:
    ``list_payments(resume=error.checkpoint)`` loses nothing. It is ``None`` where a listing that
    was not resumed itself had given nothing yet.

    ``quoted`` are the parts of the message that came from outside, such as the words of a response.
    A key that an API repeats is removed from these; if it is ``None``, from the whole message.
    """

    provider: str | None = None
    method: str | None = None
    url: str | None = None
    checkpoint: Checkpoint | None = None
    quoted: tuple[str, ...] | None = None

    def quoting(self, *parts: str) -> Self:
        """Note which parts of the message came from outside, and return the error."""
        self.quoted = parts
        return self

    def at(self, provider: str, method: str, url: str) -> Self:
        """Note where it happened, unless that is known already, and give the error back."""
        if self.url is None:
            self.provider, self.method, self.url = provider, method, url
        return self

    def __str__(self) -> str:
        what = super().__str__()
        return what if self.url is None else f"{what} [{self.provider}: {self.method} {self.url}]"


class ConfigurationError(PaysdkError, ValueError):
    """An argument or a setting of yours cannot be right. Nothing was sent."""


class UnsupportedFilterError(PaysdkError, ValueError):
    """This provider's API cannot honour the filter, and paysdk never ignores one.

    Nothing was sent.
    """


class TransportError(PaysdkError):
    """No complete response arrived.

    ``never_sent`` is true where the provider cannot have seen the request, because no connection
    was made.
    """

    never_sent: bool = False


class ConnectionFailedError(TransportError, ConnectionError):
    """The connection could not be made, or broke before the answer was complete."""


class RequestTimeoutError(TransportError, TimeoutError):
    """The time ran out. The message says whether the attempt's ``timeout`` or the operation's ``deadline`` ended it."""


class APIError(PaysdkError):
    """The provider answered with an error status, or with a redirect that is not followed.

    ``status`` is the HTTP status, ``detail`` the API's own words, ``fields`` maps a field's name to
    its messages where the API named fields, ``request_id`` is what the provider calls the request,
    where it does, and ``retry_after`` how many seconds it asked to wait.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 0,
        detail: str = "",
        fields: Mapping[str, tuple[str, ...]] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        self.fields: dict[str, tuple[str, ...]] = dict(fields or {})
        self.request_id = request_id
        self.retry_after = retry_after


class BadRequestError(APIError):
    """400 or 422: the API refuses what was asked; ``fields`` says which part, where the API does."""


class AuthenticationError(APIError):
    """401: the key is missing, wrong or revoked."""


class PermissionDeniedError(APIError):
    """403: the key is valid, but its role may not do this."""


class NotFoundError(APIError, LookupError):
    """404: there is no such record, or the key may not see it."""


class ConflictError(APIError):
    """409: it contradicts the record as it stands."""


class RateLimitedError(APIError):
    """429: too many requests, and the retries are used up or the wait asked for is longer than ``RetryPolicy.retry_after_max``."""


class ServerError(APIError):
    """5xx: the provider's fault, still there after the retries."""


class MalformedResponseError(PaysdkError):
    """A success whose body is not what it must be.

    ``path`` points at the fault, such as ``$.results[3].amount``; ``raw`` is the record's bytes
    where one record is at fault, else the beginning of the body. ``not_json`` is true where the
    body is no JSON at all, which a broken transfer may explain. ``detail`` is the API's own words,
    if the body is an error although the status says success.
    """

    def __init__(
        self,
        message: str = "",
        *,
        path: str = "$",
        raw: bytes = b"",
        not_json: bool = False,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.path = path
        self.raw = raw
        self.not_json = not_json
        self.detail = detail


class PaginationError(PaysdkError):
    """The provider's links do not lead anywhere new. What had arrived before was given."""


class DuplicatePaymentError(PaysdkError):
    """More is booked than was ordered, or this order may be booked already.

    ``payment_ids`` are the payments that were found. ``sent`` is true if more live payments are
    booked under a name than were ordered, by this call or by another process: void what is too
    much. It is false if this call stopped before it sent anything, since what it was to book may be
    booked, or may wait as a draft.
    """

    def __init__(
        self, message: str = "", *, payment_ids: tuple[str, ...] = (), sent: bool = False
    ) -> None:
        super().__init__(message)
        self.payment_ids = payment_ids
        self.sent = sent


class OutcomeUnknownError(PaysdkError):
    """A write may or may not have happened, and nobody can know yet.

    ``operation`` says which one; ``found`` what was seen on looking for it afterwards. Do not
    repeat the operation before you know: ``await error.check()`` looks again.
    """

    def __init__(
        self,
        message: str = "",
        *,
        operation: str = "",
        found: str = "",
        look: Callable[[], Awaitable[object | None]] | None = None,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.found = found
        self._look = look

    async def check(self) -> object | None:
        """Look again: what the operation would have returned, if it is found done by now, else ``None``.

        ``None`` proves nothing, for the provider may still do it later. Raises what looking raises,
        and ``ConfigurationError`` where this error has been through a pickle, which leaves the way
        to look behind. Safe to repeat and to cancel.
        """
        if self._look is None:
            raise ConfigurationError(
                "This error was copied or unpickled and cannot look again. Read the record that "
                "was to be changed."
            )
        return await self._look()

    def __reduce__(self) -> tuple[type[OutcomeUnknownError], tuple[object, ...], dict[str, object]]:
        state: dict[str, object] = {**vars(self), "_look": None}
        return type(self), self.args, state
