"""The errors of listings and payments. ``sync``, ``booking`` and ``oauth2`` add their own.

    PaysdkError
    ├── ConfigurationError (ValueError)          one of your arguments or settings is wrong
    ├── UnsupportedFilterError (ValueError)      this provider cannot filter like that
    ├── TransportError                           no complete response
    │   ├── ConnectionFailedError (ConnectionError)
    │   └── RequestTimeoutError (TimeoutError)
    ├── APIError                                 a response with an error status
    │   ├── BadRequestError                      400, 422
    │   ├── AuthenticationError                  401
    │   ├── PermissionDeniedError                403
    │   ├── NotFoundError (LookupError)          404
    │   ├── ConflictError                        409
    │   ├── RateLimitedError                     429
    │   └── ServerError                          5xx
    ├── MalformedResponseError                   a success whose body is not what it must be
    ├── PaginationError                          the listing cannot go on to a next page
    ├── DuplicatePaymentError                    too much is booked, or this order already is
    └── OutcomeUnknownError                      a write that may or may not have happened

A wrong argument raises ``ConfigurationError`` or ``UnsupportedFilterError`` before anything is
sent. No error holds a key.
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
    """The base class of paysdk's own errors.

    ``provider``, ``method`` and ``url`` say where it happened, and are ``None`` if there was no
    request. If the error ended a listing, ``list_payments(resume=error.checkpoint)`` continues it
    and loses nothing. ``checkpoint`` is ``None`` if the listing had yielded nothing yet and was not
    resumed itself.

    ``quoted`` are the parts of the message that came from outside, such as the words of a response.
    A key that an API repeats is removed from these parts. If ``quoted`` is ``None``, the key is
    removed from the whole message.
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
        """Note where it happened, unless that is known already, and return the error."""
        if self.url is None:
            self.provider, self.method, self.url = provider, method, url
        return self

    def __str__(self) -> str:
        what = super().__str__()
        return what if self.url is None else f"{what} [{self.provider}: {self.method} {self.url}]"


class ConfigurationError(PaysdkError, ValueError):
    """An argument or a setting cannot be right, or the provider object cannot be used.

    For a wrong argument it is raised before anything is sent. It also ends an operation whose
    provider object is closed meanwhile, or whose key callable returns something that is not a key.
    """


class UnsupportedFilterError(PaysdkError, ValueError):
    """This provider's API cannot honour the filter, and paysdk never ignores one.

    Nothing was sent.
    """


class TransportError(PaysdkError):
    """No complete response arrived.

    ``never_sent`` is true if the provider cannot have processed the request, for example because no
    connection was made.
    """

    never_sent: bool = False


class ConnectionFailedError(TransportError, ConnectionError):
    """The connection could not be made, or broke before the response was complete."""


class RequestTimeoutError(TransportError, TimeoutError):
    """The ``timeout`` of an attempt or the ``deadline`` ran out; the message says which."""


class APIError(PaysdkError):
    """The response has an error status, or is a redirect that paysdk does not follow.

    ``status`` is the HTTP status, and ``detail`` is the API's own words. ``fields`` maps a field's
    name to its messages, if the API names fields. ``request_id`` is the provider's ID of the
    request, if it sends one. ``retry_after`` is how many seconds the provider asked to wait.
    ``headers`` are those of the response, with names in lower case. ``set-cookie``,
    ``www-authenticate`` and ``proxy-authenticate`` are left out.
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
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        self.fields: dict[str, tuple[str, ...]] = dict(fields or {})
        self.request_id = request_id
        self.retry_after = retry_after
        self.headers: dict[str, str] = dict(headers or {})


class BadRequestError(APIError):
    """400 or 422: the API refuses the request; ``fields`` says which fields, if the API does."""


class AuthenticationError(APIError):
    """401: the key is missing, wrong or revoked."""


class PermissionDeniedError(APIError):
    """403: the key is valid, but its role may not do this."""


class NotFoundError(APIError, LookupError):
    """404: the record does not exist, or the key may not see it."""


class ConflictError(APIError):
    """409: the request contradicts the record as it is now."""


class RateLimitedError(APIError):
    """429: too many requests.

    No retry is left, the provider asks for a wait above ``RetryPolicy.retry_after_max``, or too
    many requests of this provider object fail.
    """


class ServerError(APIError):
    """5xx: the provider or a gateway failed. If the request was retried, the retries failed too."""


class MalformedResponseError(PaysdkError):
    """A success whose body is not what it must be.

    ``path`` points at the fault, such as ``$.results[3].amount``. ``raw`` is the bytes of the
    record at fault, or the beginning of the body. ``not_json`` is true if the body is not JSON at
    all; the transfer may be broken then. ``detail`` is the API's own words, if the body is an error
    although the status says success.
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
    """The listing cannot go on to a next page. The message says why.

    An iteration has yielded the payments of every page before.
    """


class DuplicatePaymentError(PaysdkError):
    """More is booked than was ordered, or this order may be booked already.

    ``payment_ids`` are the payments that were found. ``sent`` is true if more live payments are
    booked under a name than were ordered, by this call or by another process: void what is too
    much. It is false if this call sent nothing, because its order may be booked already, or may
    wait as a draft.
    """

    def __init__(
        self, message: str = "", *, payment_ids: tuple[str, ...] = (), sent: bool = False
    ) -> None:
        super().__init__(message)
        self.payment_ids = payment_ids
        self.sent = sent


class OutcomeUnknownError(PaysdkError):
    """A write may or may not have happened.

    ``operation`` says which one, and ``found`` what paysdk saw when it looked for it. Before you
    repeat the operation, find out: ``await error.check()`` looks again.
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
        """Look again, and return what the operation would have returned if it is done by now.

        Otherwise return ``None``, which proves nothing: the provider may still do it later. Raises
        what looking raises, and ``ConfigurationError`` if this error was pickled or copied. Safe to
        repeat and to cancel.
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
