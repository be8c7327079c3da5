"""What an API does in its own way is checked before anything is sent."""

from __future__ import annotations

import pytest

from paysdk import ConfigurationError
from paysdk.transport.conventions import Conventions, check_headers, check_scheme
from paysdk.transport.messages import RawResponse


def test_headers_are_taken_as_they_are() -> None:
    """Names keep their case and values their signs."""
    headers = {"xero-tenant-id": "70784a63", "Accept": "application/json; q=1, caf\xe9"}
    assert headers == check_headers(headers)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_authorization_is_refused(name: str) -> None:
    """The key goes into api_key, which keeps it secret."""
    with pytest.raises(ConfigurationError, match="must not have Authorization") as raised:
        check_headers({name: "Bearer letmein"})
    assert "letmein" not in str(raised.value)


@pytest.mark.parametrize("name", ["Host", "content-length", "Content-Type", "Cookie", "connection"])
def test_headers_of_paysdk_are_refused(name: str) -> None:
    """A header that describes the message itself is set by paysdk."""
    with pytest.raises(ConfigurationError, match=f"paysdk sets the header {name} itself"):
        check_headers({name: "x"})


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "é", 7])
def test_names_are_names(name: str) -> None:
    """A name that HTTP cannot send is refused."""
    with pytest.raises(ConfigurationError, match="is not the name of a header"):
        check_headers({name: "x"})


@pytest.mark.parametrize("value", ["", " x", "x ", "a\r\nHost: b", "a\x00", "\u20ac", 7, None])
def test_values_are_one_line(value: str) -> None:
    """A value that HTTP cannot send is refused, and the message does not show it."""
    with pytest.raises(ConfigurationError, match="The value of the header X must be") as raised:
        check_headers({"X": value})
    assert not value or str(value) not in str(raised.value).replace("The value", "")


def test_a_header_in_two_cases() -> None:
    """Two names that differ in case only are one header."""
    with pytest.raises(ConfigurationError, match="given twice"):
        check_headers({"X-A": "1", "x-a": "2"})


@pytest.mark.parametrize("scheme", ["", "a b", 7, None])
def test_scheme_is_a_name(scheme: object) -> None:
    """A scheme that cannot come before a key is refused."""
    with pytest.raises(ConfigurationError, match=f"such as Bearer or Token, not {scheme!r}"):
        check_scheme(scheme)


@pytest.mark.parametrize("status", [204, 304, 499])
def test_status_can_mean_that_nothing_was_found(status: int) -> None:
    """From 204 to 499, an API may say with a status that it found nothing."""
    conventions = Conventions(empty_statuses=frozenset({status}))
    assert conventions.means_empty(RawResponse(status, {}, b""))


@pytest.mark.parametrize(
    ("status", "expected"), [(199, False), (200, True), (204, True), (299, True), (300, False)]
)
def test_success_is_no_error(status: int, *, expected: bool) -> None:
    """Every 2xx is a success, whatever its body is."""
    assert expected == Conventions().is_success(RawResponse(status, {}, b'{"detail":"no"}'))


def test_statuses_that_mean_nothing_was_found() -> None:
    """A status means that only if the API says so."""
    response = RawResponse(304, {}, b"")
    conventions = [Conventions(), Conventions(empty_statuses=frozenset({304}))]
    assert [False, True] == [each.means_empty(response) for each in conventions]
    assert [False, True] == [each.is_success(response) for each in conventions]


@pytest.mark.parametrize("status", [200, 500])
def test_other_statuses_cannot_mean_that(status: int) -> None:
    """A success has a body, and a failure is no answer."""
    with pytest.raises(ConfigurationError, match=f"{status} cannot mean"):
        Conventions(empty_statuses=frozenset({status}))
