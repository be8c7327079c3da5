"""Tests of which errors stay."""

from __future__ import annotations

import pytest

from paysdk import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaginationError,
    RateLimitedError,
    ServerError,
    UnsupportedFilterError,
)
from paysdk.permanent import is_permanent

PERMANENT = [
    AuthenticationError(status=401),
    BadRequestError(status=400),
    ConfigurationError(),
    MalformedResponseError(),
    PaginationError(),
    UnsupportedFilterError(),
]
TRANSIENT = [
    APIError(status=408),
    APIError(status=425),
    ConnectionFailedError(),
    MalformedResponseError(not_json=True),
    OSError(),
    RateLimitedError(status=429),
    ServerError(status=503),
]


@pytest.mark.parametrize(
    "error", PERMANENT, ids=lambda error: f"{type(error).__name__}{vars(error).get('status', '')}"
)
def test_permanent(error: Exception) -> None:
    """The same call would fail in the same way."""
    assert is_permanent(error)


@pytest.mark.parametrize(
    "error", TRANSIENT, ids=lambda error: f"{type(error).__name__}{vars(error).get('status', '')}"
)
def test_transient(error: Exception) -> None:
    """A later call may succeed."""
    assert not is_permanent(error)
