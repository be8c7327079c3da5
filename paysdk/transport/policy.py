"""When to try again, and after how long: pure."""

from __future__ import annotations

import random
import re
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import attrs

from paysdk.errors import APIError, ConfigurationError, MalformedResponseError, PaysdkError, RateLimitedError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paysdk.messages import Request

__all__ = ["RetryPolicy", "checked_seconds", "kept_apart", "retry_after", "spread", "wait_before_retry", "worth_retrying"]

_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST = sys.float_info.max
_SPREAD = 0.1
_SPREAD_MAX = 1.0
# A shorter wait that a provider asks for keeps nobody apart.
_APART = 0.1

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def checked_seconds(name: str, value: float, *, allow_zero: bool = False) -> float:
    """*value*, if it is a number of seconds. Raises ``ConfigurationError`` otherwise."""
    number: object = value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= _MOST or (number == 0 and not allow_zero):
        raise ConfigurationError(f"{name} must be a finite number of seconds {'from' if allow_zero else 'above'} 0, not {value!r}.")
    return value


def _seconds(policy: RetryPolicy, field: attrs.Attribute[float], value: float) -> None:  # noqa: ARG001  # attrs' signature
    checked_seconds(f"RetryPolicy.{field.name}", value, allow_zero=True)


def _attempts(policy: RetryPolicy, field: attrs.Attribute[int], value: int) -> None:  # noqa: ARG001  # attrs' signature
    number: object = value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ConfigurationError(f"RetryPolicy.{field.name} must be a whole number from 1, not {value!r}.")


def _share(policy: RetryPolicy, field: attrs.Attribute[float], value: float) -> None:
    _seconds(policy, field, value)
    if value > 1:
        raise ConfigurationError(f"RetryPolicy.{field.name} must be between 0 and 1, not {value!r}.")


@attrs.frozen
class RetryPolicy:
    """How often a request is tried, and how long is waited in between. All times are in seconds.

    ``attempts`` counts the first try. The wait before retry *n* is drawn between 0 and ``wait_initial`` times 2 to the *n* - 1, at most
    ``wait_max``: full jitter, so that clients that failed together do not come back together. ``wait_jitter`` is the share of the wait that
    is drawn; at 0 it is always the whole. A ``Retry-After`` of a tenth of a second or more is obeyed instead, up to ``retry_after_max``;
    for a longer one the error is raised at once, with ``retry_after`` on it.
    """

    attempts: int = attrs.field(default=5, validator=_attempts)
    wait_initial: float = attrs.field(default=0.2, validator=_seconds)
    wait_max: float = attrs.field(default=10.0, validator=_seconds)
    wait_jitter: float = attrs.field(default=1.0, validator=_share)
    retry_after_max: float = attrs.field(default=60.0, validator=_seconds)


def refuses(status: int) -> bool:
    """Whether an answer of this status says that nothing was processed.

    A redirect does not: it may be how an API answers what it has processed (303 See Other). Nor does 408, after which nobody knows.
    """
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.REQUEST_TIMEOUT


def worth_retrying(request: Request, error: PaysdkError) -> bool:
    """Whether *request* may be sent again after *error*.

    A GET may wherever another try could end better. Anything else only where it cannot have been processed: no connection was made, or the
    answer was 429.
    """
    if isinstance(error, RateLimitedError) or (isinstance(error, TransportError) and error.never_sent):
        return True
    if request.method != "GET":
        return False
    if isinstance(error, APIError):
        return error.status in _RETRIED_STATUSES
    return isinstance(error, TransportError) or (isinstance(error, MalformedResponseError) and error.not_json)


def wait_before_retry(policy: RetryPolicy, attempt: int, error: PaysdkError, draw: Callable[[], float] = random.random) -> float | None:
    """The seconds to wait after failed attempt number *attempt* (from 1), or ``None`` where the provider asks for more than is allowed.

    *draw* gives numbers between 0 and 1.
    """
    bound = min(policy.wait_max, policy.wait_initial * 2.0 ** min(attempt - 1, 64))
    ours = bound * (1 - policy.wait_jitter * (1 - draw()))
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked is None:
        return ours
    if asked > policy.retry_after_max:
        return None
    # "0", or a date gone by, is no leave to come back at once, and again, and again.
    return spread(asked, draw) if asked >= _APART else max(ours, asked)


def kept_apart(error: PaysdkError) -> bool:
    """Whether the provider itself keeps the retries after *error* apart: by a 429 that says when to come back, and not at once."""
    return isinstance(error, RateLimitedError) and error.retry_after is not None and error.retry_after >= _APART


def spread(wait: float, draw: Callable[[], float]) -> float:
    """*wait*, and up to a tenth of it more, a second at most: those that were told to wait together do not come back in one instant."""
    return wait + draw() * min(wait * _SPREAD, _SPREAD_MAX)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that ``Retry-After`` asks to wait, or ``None`` without a readable one (RFC 9110, 10.2.3: so many, or until a date)."""
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _MOST)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for a year that no calendar has
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
