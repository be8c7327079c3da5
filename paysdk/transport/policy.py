"""Decides whether to retry a request, and how long to wait before it. Pure."""

from __future__ import annotations

import random
import re
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import attrs

from paysdk.arguments import check_int, check_seconds, check_share
from paysdk.errors import (
    APIError,
    MalformedResponseError,
    PaysdkError,
    RateLimitedError,
    TransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paysdk.transport.messages import Request

__all__ = [
    "RetryPolicy",
    "add_jitter",
    "find_requested_wait",
    "is_overload",
    "is_retryable",
    "means_not_processed",
    "names_a_wait",
    "next_pause",
    "parse_rate_limit_reset",
    "parse_retry_after",
    "server_sets_the_pace",
    "wait_before_retry",
]

_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
# The statuses whose definition says that the request was refused (RFC 9110, 15.5; RFC 4918, 11.3;
# RFC 6585; RFC 7725). Other statuses do not say so. A server that sends 406 may have processed the
# request, and have failed only to write the result in a format that the client accepts. 408 and 425
# concern the time of the request, and 424 concerns another request. Proxies use 460 and 499 for a
# client that has disconnected. A status that no document defines can mean anything.
_REFUSALS = frozenset(
    {400, 401, 402, 403, 404, 405, 407, 409, 410, 411, 412, 413, 414, 415, 417, 421, 422, 423, 426}
    | {428, 429, 431, 451}
)
# A provider with one of these statuses is overloaded at the moment.
_OVERLOAD_STATUSES = frozenset({429, 503})
_MAX_SECONDS = sys.float_info.max
_JITTER_SHARE = 0.1
_MAX_JITTER_SECONDS = 1.0
# A shorter wait would not spread the requests.
_MIN_RETRY_AFTER_SECONDS = 0.1

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
# Words of overload in a response that has a success status although it is an error.
_OVERLOAD = re.compile(
    r"too.?many|rate.?limit|throttl|overload|slow(ing)?.?down|quota|capacity|concurren|temporar|"
    r"unavailable|try again|retry|(time|timed).?out|\b(busy|wait|429|503)\b|maintenance|"
    r"(heavy|high|under) load|limit.{0,40}(exceed|reach)|(exceed|reach).{0,40}limit|"
    r"per (second|minute|hour|day)\b",
    re.IGNORECASE,
)


def _check_wait(_policy: RetryPolicy, field: attrs.Attribute[float], value: float) -> None:
    check_seconds(f"RetryPolicy.{field.name}", value, allow_zero=True)


def _check_attempts(_policy: RetryPolicy, field: attrs.Attribute[int], value: int) -> None:
    check_int(f"RetryPolicy.{field.name}", value, 1)


def _check_share(_policy: RetryPolicy, field: attrs.Attribute[float], value: float) -> None:
    check_share(f"RetryPolicy.{field.name}", value)


@attrs.frozen
class RetryPolicy:
    """How often to try a request, and how long to wait between attempts. All times are in seconds.

    ``attempts`` includes the first attempt. The longest wait before retry *n* is ``wait_initial``
    times 2 to the power of *n* - 1, and at most ``wait_max``. The wait is drawn at random between 0
    and that bound (full jitter), which spreads the retries of clients that failed together.
    ``wait_jitter`` is the random share of the wait; at 0 the wait is always the bound.

    A ``Retry-After`` of a tenth of a second or more replaces this wait, up to ``retry_after_max``.
    If it is longer, the error is raised at once, with ``retry_after`` set. If a 429 or 503 has no
    ``Retry-After``, its reset header (``RateLimit-Reset``, ``X-RateLimit-Reset``) counts instead.

    ``budget_share`` limits the retries of all tasks that share a provider object. Each request
    allows this many additional retries. Ten retries a second are always allowed.
    """

    attempts: int = attrs.field(default=5, validator=_check_attempts)
    wait_initial: float = attrs.field(default=0.2, validator=_check_wait)
    wait_max: float = attrs.field(default=10.0, validator=_check_wait)
    wait_jitter: float = attrs.field(default=1.0, validator=_check_share)
    retry_after_max: float = attrs.field(default=60.0, validator=_check_wait)
    budget_share: float = attrs.field(default=0.2, validator=_check_share)


def means_not_processed(status: int) -> bool:
    """Whether this status proves that the request was not processed.

    A redirect proves nothing: an API may process a request and then redirect (303 See Other). A 4xx
    that no document defines as a refusal proves nothing either.
    """
    return status in _REFUSALS


def is_retryable(request: Request, error: PaysdkError) -> bool:
    """Whether *request* may be sent again after *error*.

    A request that only reads may be sent again if another attempt could succeed. Any other request
    may be sent again only if it cannot have been processed: no connection was made, or the response
    was 429.
    """
    if isinstance(error, RateLimitedError) or (
        isinstance(error, TransportError) and error.never_sent
    ):
        return True
    if not request.may_be_repeated:
        return False
    if isinstance(error, APIError):
        return error.status in _RETRIED_STATUSES
    if isinstance(error, MalformedResponseError):
        return error.not_json or _OVERLOAD.search(error.detail) is not None
    return isinstance(error, TransportError)


def wait_before_retry(
    policy: RetryPolicy, attempt: int, error: PaysdkError, draw: Callable[[], float] = random.random
) -> float | None:
    """Return the seconds to wait after failed attempt number *attempt*, which counts from 1.

    Returns ``None`` if the provider asks for a longer wait than the policy allows. *draw* returns a
    random number between 0 and 1.
    """
    bound = min(policy.wait_max, policy.wait_initial * 2.0 ** min(attempt - 1, 64))
    ours = bound * (1 - policy.wait_jitter * (1 - draw()))
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked is None:
        return ours
    if asked > policy.retry_after_max:
        return None
    # A series of retries must have waits, even after "0" or a past date.
    return add_jitter(asked, draw) if asked >= _MIN_RETRY_AFTER_SECONDS else max(ours, asked)


def server_sets_the_pace(error: PaysdkError) -> bool:
    """Whether *error* is a 429 that names a wait. Then the provider decides when retries come."""
    return isinstance(error, RateLimitedError) and names_a_wait(error.retry_after)


def is_overload(status: int) -> bool:
    """Whether this status says that the provider is overloaded, so all requests must slow down."""
    return status in _OVERLOAD_STATUSES


def names_a_wait(seconds: float | None) -> bool:
    """Whether *seconds*, as a provider sent them, are long enough to count as a wait."""
    return seconds is not None and seconds >= _MIN_RETRY_AFTER_SECONDS


def next_pause(policy: RetryPolicy, previous: float | None, *, improved: bool) -> float:
    """Return the seconds for which all requests pause after an overload that names no wait.

    *previous* is the previous pause, if there was one. *improved* says whether a response has had
    another status since then. If not, the pause is twice the previous one, and otherwise half of
    it. So the pauses approach what the provider needs.
    """
    if previous is None:
        return min(policy.wait_initial, policy.wait_max)
    if improved:
        return min(max(previous / 2, policy.wait_initial / 8), policy.wait_max)
    return min(max(previous * 2, policy.wait_initial), policy.wait_max)


def add_jitter(wait: float, draw: Callable[[], float]) -> float:
    """Return *wait* plus a random part: up to a tenth of *wait*, and at most one second.

    This spreads requests that wait for the same moment.
    """
    return wait + draw() * min(wait * _JITTER_SHARE, _MAX_JITTER_SECONDS)


def find_requested_wait(
    status: int, headers: Mapping[str, str], now: datetime, own_resets: Sequence[str] = ()
) -> float | None:
    """Return the seconds that a response asks to wait, or ``None`` if it names no readable time.

    ``Retry-After`` comes first. If a 429 or 503 has none, its reset headers count: first those that
    the API has of its own, *own_resets*.
    """
    wait = parse_retry_after(headers, now)
    if wait is not None or not is_overload(status):
        return wait
    own = (_reset_seconds(headers.get(name.lower(), "").strip(), now) for name in own_resets)
    return next((found for found in own if found is not None), parse_rate_limit_reset(headers, now))


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that ``Retry-After`` asks to wait, or ``None`` if it cannot be read.

    If that header has no readable time, ``X-Retry-After`` and ``X-RateLimit-Retry-After`` count,
    and then the headers of Azure and OpenAI in milliseconds.
    """
    waits = [_read_wait(headers.get(name, "").strip(), now) for name in _RETRY_HEADERS]
    texts = (headers.get(name, "").strip() for name in _RETRY_MILLISECONDS_HEADERS)
    waits += [float(text) / 1000 for text in texts if _SECONDS.fullmatch(text)]
    return next((min(wait, _MAX_SECONDS) for wait in waits if wait is not None), None)


def _read_wait(text: str, now: datetime) -> float | None:
    """Return the seconds that the *text* of a ``Retry-After`` asks to wait.

    It is a number of seconds or a date (RFC 9110, 10.2.3). Moneybird sends seconds since 1970 (its
    OpenAPI document, 429), so a number that large is a moment. A duration such as "30s", and a date
    of ISO 8601, are certain too.
    """
    if _SECONDS.fullmatch(text):
        return _read_number(float(text), now)
    if _DURATION.fullmatch(text):
        return _read_duration(text)
    return _seconds_until(_http_date(text) or _iso_date(text), now)


def _read_number(number: float, now: datetime) -> float:
    """Return *number* as seconds from *now*. A large one counts from 1970."""
    if _EPOCH_SECONDS_FROM * 1000 <= number < _EPOCH_SECONDS_UNTIL * 1000:
        number /= 1000
    return (
        max(0.0, number - now.timestamp())
        if _EPOCH_SECONDS_FROM <= number < _EPOCH_SECONDS_UNTIL
        else number
    )


def _read_duration(text: str) -> float:
    parts = _DURATION_PART.findall(text)
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


_RETRY_HEADERS = ("retry-after", "x-retry-after", "x-ratelimit-retry-after")
_RETRY_MILLISECONDS_HEADERS = ("retry-after-ms", "x-ms-retry-after-ms")

# In order of precedence: the header of the IETF draft, then the headers that APIs use.
_RESET_HEADERS = (
    "ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-reset",
    "x-rate-limit-reset",
)
_REMAINING_HEADERS = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
# A larger number counts the seconds since 1970 (2017 or later: no server has an earlier clock). A
# smaller number is a number of seconds to wait.
_EPOCH_SECONDS_FROM = 1.5e9
_EPOCH_SECONDS_UNTIL = 1e10
_EPOCH_MILLISECONDS_FROM = 1e12
_MAX_RESET_SECONDS = 366 * 86_400.0
# OpenAI's resets, such as "6m0s" (its "Rate limits" page), are durations as Go prints them.
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|s))+")
_DURATION_PART = re.compile(r"([0-9.]+)(h|ms|m|s)")
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_RATE_LIMIT_PARAMETER = re.compile(r"(?:^|[;,\s])(remaining|reset|r|t)=([0-9]{1,15})(?=$|[;,\s])")


def parse_rate_limit_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds until a rate limit is reset, or ``None`` if no header names them.

    A header holds seconds from now, a duration such as "6m0s", seconds or milliseconds since 1970,
    or a date. If the limit allows more requests, it is not the reason for the response, and its
    reset is ignored. A time more than a year away is ignored too.
    """
    if (wait := _rate_limit_field(headers.get("ratelimit", ""))) is not None:
        return wait
    remaining = next((headers[name] for name in _REMAINING_HEADERS if name in headers), "0").strip()
    if _SECONDS.fullmatch(remaining) and float(remaining) > 0:
        return None
    waits = (
        _reset_seconds(headers[name].strip(), now) for name in _RESET_HEADERS if name in headers
    )
    return next((wait for wait in waits if wait is not None), None)


def _rate_limit_field(text: str) -> float | None:
    """Return the seconds in a ``RateLimit`` field (IETF draft-ietf-httpapi-ratelimit-headers).

    Up to version 7 the field is ``limit=…, remaining=…, reset=…``. Since then it is a list of
    policies such as ``"default";r=0;t=5``, and a client must respect all of them.
    """
    policies = [text] if "reset=" in text else text.split(",")
    waits: list[float] = []
    for policy in policies:
        found: dict[str, str] = dict(_RATE_LIMIT_PARAMETER.findall(policy))
        wait = float(found.get("reset", found.get("t", "inf")))
        if int(found.get("remaining", found.get("r", "0"))) == 0 and wait <= _MAX_RESET_SECONDS:
            waits.append(wait)
    return max(waits, default=None)


def _reset_seconds(text: str, now: datetime) -> float | None:
    wait: float | None
    if _SECONDS.fullmatch(text):
        number = float(text)
        if number >= _EPOCH_MILLISECONDS_FROM:
            number /= 1000
        wait = number if number < _EPOCH_SECONDS_FROM else max(0.0, number - now.timestamp())
    elif _DURATION.fullmatch(text):
        wait = _read_duration(text)
    else:
        wait = _seconds_until(_http_date(text) or _iso_date(text), now)
    return wait if wait is not None and wait <= _MAX_RESET_SECONDS else None


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # OverflowError: the year is out of range
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC").removesuffix(" GMT"))
    except ValueError:
        return None


def _seconds_until(when: datetime | None, now: datetime) -> float | None:
    if when is None:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
