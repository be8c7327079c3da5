"""What the contract's cases about requests compare."""

from __future__ import annotations

import pytest

from paysdk import APIError, ConfigurationError
from paysdk.testing import Response
from paysdk.testing.contract.requests import RequestCases, check_words
from tests.testing.contract.broken import Broken, each_broken


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (APIError(detail="No such invoice."), b'{"message": "No such invoice."}'),
        (APIError(detail="anything"), b"<html>"),
        (APIError(detail="in other words"), b'{"code": "not_found"}'),
        (ConfigurationError("no request was sent"), b'{"message": "No such invoice."}'),
        (None, b""),
    ],
    ids=["its words", "not JSON", "only a code", "not of the API", "no error"],
)
def test_words_that_an_error_may_say(error: Exception | None, body: bytes) -> None:
    """An error may say the words of its response, or others if the response has none."""
    check_words(error, Response(400, body))


def test_words_that_the_response_lacks() -> None:
    """An error that says something else than its response is a fault of the provider."""
    with pytest.raises(AssertionError, match="but detail is 'Something failed'"):
        check_words(
            APIError(detail="Something failed"), Response(400, b'{"message": "No such invoice."}')
        )


@each_broken(RequestCases)
def test_broken_provider_is_caught(broken: Broken) -> None:
    """A provider that breaks a promise about requests fails its cases, and no others."""
    said = broken.failing_cases()
    assert broken.cases == said.keys(), said
