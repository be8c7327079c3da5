"""When to retry, and after how long. Pure."""

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
    from collections.abc import Callable, Mapping

    from paysdk.transport.messages import Request

__all__ = [
    "RetryPolicy",
    "add_jitter",
    "is_overload",
    "is_retryable",
    "means_not_processed",
    "names_a_wait",
    "next_pause",
    "rate_limit_reset",
    "requested_wait",
    "retry_after",
    "server_sets_the_pace",
    "wait_before_retry",
]

_RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
# The statuses whose definition says that the request was refused (RFC 9110, 15.5; RFC 4918, 11.3;
# RFC 6585; RFC 7725). Those that are missing do not say it: after 406 the request may have been
# processed and only its result could not be shown; 408 and 425 are about the time at which it came;
# 424 is about another request; 499 and 460 are a proxy's words for a client that went away; and
# what no document defines can mean anything.
_REFUSALS = frozenset(
    {400, 401, 402, 403, 404, 405, 407, 409, 410, 411, 412, 413, 414, 415, 417, 421, 422, 423, 426}
    | {428, 429, 431, 451}
)
# A provider that answers one of these has too much to do for now.
_OVERLOAD_STATUSES = frozenset({429, 503})
_MAX_SECONDS = sys.float_info.max
_JITTER_SHARE = 0.1
_MAX_JITTER_SECONDS = 1.0
# A shorter wait that a provider asks for keeps nobody apart.
_MIN_RETRY_AFTER_SECONDS = 0.1

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
# What an API says in a success that is an error, when it has too much to do.
_OVERLOAD = re.compile(
    r"too.?many|rate.?limit|throttl|overload|slow(ing)?.?down|quota|capacity|concurren|temporar|unavailable|"
    r"try again|retry|(time|timed).?out|\b(busy|wait)\b",
    re.IGNORECASE,
)


def _seconds(policy: RetryPolicy, field: attrs.Attribute[float], value: float) -> None:  # noqa: ARG001  # attrs' signature
    check_seconds(f"RetryPolicy.{field.name}", value, allow_zero=True)


def _attempts(policy: RetryPolicy, field: attrs.Attribute[int], value: int) -> None:  # noqa: ARG001  # attrs' signature
    check_int(f"RetryPolicy.{field.name}", value, 1)


def _share(policy: RetryPolicy, field: attrs.Attribute[float], value: float) -> None:  # noqa: ARG001  # attrs' signature
    check_share(f"RetryPolicy.{field.name}", value)


@attrs.frozen
class RetryPolicy:
    """How often a request is tried, and how long to wait in between. All times are in seconds.

    ``attempts`` counts the first try. The wait before retry *n* is drawn between 0 and
    ``wait_initial`` times 2 to the *n* - 1, at most ``wait_max``: full jitter, so that clients that
    failed together do not come back together. ``wait_jitter`` is the share of the wait that is
    drawn; at 0 it is always the whole. A ``Retry-After`` of a tenth of a second or more is obeyed
    instead, up to ``retry_after_max``; for a longer one the error is raised at once, with
    ``retry_after`` on it. Of a 429 or 503 without ``Retry-After`` its reset header
    (``RateLimit-Reset``, ``X-RateLimit-Reset``) is read in the same way.

    ``budget_share`` bounds the retries of all tasks on one provider object together: for each
    request they may make so many retries more. Ten a second are always allowed.
    """

    attempts: int = attrs.field(default=5, validator=_attempts)
    wait_initial: float = attrs.field(default=0.2, validator=_seconds)
    wait_max: float = attrs.field(default=10.0, validator=_seconds)
    wait_jitter: float = attrs.field(default=1.0, validator=_share)
    retry_after_max: float = attrs.field(default=60.0, validator=_seconds)
    budget_share: float = attrs.field(default=0.2, validator=_share)


def means_not_processed(status: int) -> bool:
    """Whether a response of this status says for certain that nothing was processed.

    A redirect does not: an API may answer so what it has processed (303 See Other). Nor does a 4xx
    that no document defines as a refusal.
    """
    return status in _REFUSALS


def is_retryable(request: Request, error: PaysdkError) -> bool:
    """Whether *request* may be sent again after *error*.

    A GET may if another attempt could succeed. Any other request may only if it cannot have been
    processed: no connection was made, or the response was 429.
    """
    if isinstance(error, RateLimitedError) or (
        isinstance(error, TransportError) and error.never_sent
    ):
        return True
    if request.method != "GET":
        return False
    if isinstance(error, APIError):
        return error.status in _RETRIED_STATUSES
    if isinstance(error, MalformedResponseError):
        return error.not_json or _OVERLOAD.search(error.detail) is not None
    return isinstance(error, TransportError)


def wait_before_retry(
    policy: RetryPolicy, attempt: int, error: PaysdkError, draw: Callable[[], float] = random.random
) -> float | None:
    """The seconds to wait after failed attempt number *attempt*, which counts from 1.

    ``None`` if the provider asks for more than the policy allows. *draw* gives numbers between 0 and 1.
    """
    bound = min(policy.wait_max, policy.wait_initial * 2.0 ** min(attempt - 1, 64))
    ours = bound * (1 - policy.wait_jitter * (1 - draw()))
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked is None:
        return ours
    if asked > policy.retry_after_max:
        return None
    # "0", or a date gone by, is no leave to come back at once, and again, and again.
    return add_jitter(asked, draw) if asked >= _MIN_RETRY_AFTER_SECONDS else max(ours, asked)


def server_sets_the_pace(error: PaysdkError) -> bool:
    """Whether *error* is a 429 that names a time, so that the provider spaces the retries."""
    return isinstance(error, RateLimitedError) and names_a_wait(error.retry_after)


def is_overload(status: int) -> bool:
    """Whether this status is about the provider's load, so that all requests slow down."""
    return status in _OVERLOAD_STATUSES


def names_a_wait(seconds: float | None) -> bool:
    """Whether *seconds*, which a provider asked to wait, are a wait at all."""
    return seconds is not None and seconds >= _MIN_RETRY_AFTER_SECONDS


def next_pause(policy: RetryPolicy, previous: float | None, *, improved: bool) -> float:
    """How long all requests pause after an overload whose response names no wait, in seconds.

    *previous* is the pause before, if there was one, and *improved* says whether a request has
    succeeded since. The pauses double while nothing succeeds and halve when something did, so they
    settle near what the provider needs.
    """
    if previous is None:
        return min(policy.wait_initial, policy.wait_max)
    if improved:
        return min(max(previous / 2, policy.wait_initial / 8), policy.wait_max)
    return min(max(previous * 2, policy.wait_initial), policy.wait_max)


def add_jitter(wait: float, draw: Callable[[], float]) -> float:
    """*wait* plus up to a tenth of it, a second at most.

    So requests that wait for the same moment do not all come back in one instant.
    """
    return wait + draw() * min(wait * _JITTER_SHARE, _MAX_JITTER_SECONDS)


def requested_wait(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a response asks to wait, or ``None`` if it names no time that can be read.

    ``Retry-After`` says it. If a 429 or 503 has none, the reset headers of its rate limit do.
    """
    wait = retry_after(headers, now)
    return rate_limit_reset(headers, now) if wait is None and is_overload(status) else wait


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that ``Retry-After`` asks to wait, or ``None`` if it cannot be read.

    It is a number of seconds or a date (RFC 9110, 10.2.3).
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _MAX_SECONDS)
    return _seconds_until(_http_date(text), now)


# In the order in which they are believed: the IETF draft's, then what APIs send.
_RESET_HEADERS = (
    "ratelimit-reset",
    "x-ratelimit-reset-after",
    "x-ratelimit-reset",
    "x-rate-limit-reset",
)
_REMAINING_HEADERS = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
# Seconds since 1970 are above this, and numbers of seconds to wait are below it.
_EPOCH_FROM = 1e9
_EPOCH_MILLISECONDS_FROM = 1e12
_MAX_RESET = 366 * 86_400.0
_RATE_LIMIT_PARAMETER = re.compile(r"(?:^|[;,\s])(remaining|reset|r|t)=([0-9]{1,15})(?=$|[;,\s])")


def rate_limit_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds until a rate limit is reset, or ``None`` if no header says it.

    The headers hold seconds from now, seconds or milliseconds since 1970, or a date. If requests
    are left in the limit, it is not the reason for the response and its reset says nothing. A time
    more than a year away is no time either.
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
    """What a ``RateLimit`` field says (IETF draft-ietf-httpapi-ratelimit-headers).

    Up to version 7 it is ``limit=…, remaining=…, reset=…``, and since then a list of policies such
    as ``"default";r=0;t=5``, all of which must be kept.
    """
    policies = [text] if "reset=" in text else text.split(",")
    waits: list[float] = []
    for policy in policies:
        found: dict[str, str] = dict(_RATE_LIMIT_PARAMETER.findall(policy))
        wait = float(found.get("reset", found.get("t", "inf")))
        if int(found.get("remaining", found.get("r", "0"))) == 0 and wait <= _MAX_RESET:
            waits.append(wait)
    return max(waits, default=None)


def _reset_seconds(text: str, now: datetime) -> float | None:
    wait: float | None
    if _SECONDS.fullmatch(text):
        number = float(text)
        if number >= _EPOCH_MILLISECONDS_FROM:
            number /= 1000
        wait = number if number < _EPOCH_FROM else max(0.0, number - now.timestamp())
    else:
        wait = _seconds_until(_http_date(text) or _iso_date(text), now)
    return wait if wait is not None and wait <= _MAX_RESET else None


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for a year that no calendar has
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _seconds_until(when: datetime | None, now: datetime) -> float | None:
    if when is None:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
