"""Which errors a later attempt meets again."""

from __future__ import annotations

from paysdk.errors import (
    APIError,
    ConfigurationError,
    MalformedResponseError,
    PaginationError,
    RateLimitedError,
    ServerError,
    UnsupportedFilterError,
)

__all__ = ["is_permanent"]

# Request Timeout and Too Early: 4xx statuses after which the same request may succeed.
_TRANSIENT_STATUSES = {408, 425}


def is_permanent(error: Exception) -> bool:
    """Whether the same call must fail in the same way.

    An error that is not paysdk's comes from the application, and may be a short outage.
    """
    match error:
        case RateLimitedError() | ServerError():
            return False
        case APIError():
            return error.status not in _TRANSIENT_STATUSES
        case MalformedResponseError():
            # If the response is not JSON, it may be a proxy's maintenance page, and a later attempt
            # may succeed.
            return not error.not_json
        case _:
            return isinstance(error, ConfigurationError | UnsupportedFilterError | PaginationError)
