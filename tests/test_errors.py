"""Tests of the errors."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from paysdk import errors
from paysdk.checkpoint import Checkpoint
from paysdk.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    DuplicatePaymentError,
    MalformedResponseError,
    NotFoundError,
    OutcomeUnknownError,
    PaginationError,
    PaysdkError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    TransportError,
    UnsupportedFilterError,
)

BASES: dict[type[PaysdkError], tuple[type[BaseException], ...]] = {
    PaysdkError: (Exception,),
    ConfigurationError: (PaysdkError, ValueError),
    UnsupportedFilterError: (PaysdkError, ValueError),
    TransportError: (PaysdkError,),
    ConnectionFailedError: (TransportError, ConnectionError),
    RequestTimeoutError: (TransportError, TimeoutError),
    APIError: (PaysdkError,),
    BadRequestError: (APIError,),
    AuthenticationError: (APIError,),
    PermissionDeniedError: (APIError,),
    NotFoundError: (APIError, LookupError),
    ConflictError: (APIError,),
    RateLimitedError: (APIError,),
    ServerError: (APIError,),
    MalformedResponseError: (PaysdkError,),
    PaginationError: (PaysdkError,),
    DuplicatePaymentError: (PaysdkError,),
    OutcomeUnknownError: (PaysdkError,),
}
EVERY = pytest.mark.parametrize("kind", BASES)


def test_tree_is_complete() -> None:
    """Every error is in the tree of the module's docstring, and is exported."""
    found = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, PaysdkError)
    }
    assert set(BASES) == found
    assert sorted(kind.__name__ for kind in found) == errors.__all__
    assert all(kind.__name__ in str(errors.__doc__) for kind in found)


@EVERY
def test_bases_are_those_of_the_tree(kind: type[PaysdkError]) -> None:
    """Each error has the base classes of the tree."""
    assert BASES[kind] == kind.__bases__


def filled(kind: type[PaysdkError]) -> PaysdkError:
    """Make an error of *kind* with all its attributes set."""
    error: PaysdkError
    if issubclass(kind, APIError):
        error = kind(
            "409 no",
            status=409,
            detail="no",
            fields={"amount": ("too big",)},
            request_id="r1",
            retry_after=2.5,
        )
    elif issubclass(kind, DuplicatePaymentError):
        error = kind("twice", payment_ids=("1", "2"), sent=True)
    elif issubclass(kind, MalformedResponseError):
        error = kind("bad", path="$.results[3].amount", raw=b"{}", not_json=True)
    elif issubclass(kind, OutcomeUnknownError):
        error = kind("who knows", operation="mark_invoice_paid(7)", found="nothing")
    else:
        error = kind("went wrong")
    if isinstance(error, TransportError):
        error.never_sent = True
    error.checkpoint = Checkpoint("campfire", "", "cursor=1")
    return error.at("campfire", "GET", "https://api.example.com/x?cursor=1")


@EVERY
def test_errors_survive_pickling_and_copying(kind: type[PaysdkError]) -> None:
    """A pickle or a copy of an error keeps all attributes."""
    error = filled(kind)
    for twin in (
        pickle.loads(pickle.dumps(error)),  # noqa: S301  # its own pickle
        copy.copy(error),
        copy.deepcopy(error),
    ):  # its own pickle
        assert kind is type(twin)
        assert str(error) == str(twin)
        assert vars(error) == vars(twin)
        assert error.args == twin.args


@EVERY
def test_text_has_the_request(kind: type[PaysdkError]) -> None:
    """The text has the message and the request, if there was one."""
    assert filled(kind).args[0] + " [campfire: GET https://api.example.com/x?cursor=1]" == str(
        filled(kind)
    )
    assert "went wrong" == str(kind("went wrong"))
    assert not str(kind())


@EVERY
def test_request_is_set_once(kind: type[PaysdkError]) -> None:
    """A second `at` changes nothing, and both return the error."""
    error = filled(kind)
    assert error is error.at("notify", "POST", "https://other.example.com/")
    assert ("campfire", "GET", "https://api.example.com/x?cursor=1") == (
        error.provider,
        error.method,
        error.url,
    )


@EVERY
def test_attributes_without_arguments(kind: type[PaysdkError]) -> None:
    """An error that is made with only a message has every attribute, unset."""
    error = kind("went wrong")
    assert (None, None, None, None) == (error.provider, error.method, error.url, error.checkpoint)
    if isinstance(error, APIError):
        assert (0, "", {}, None, None) == (
            error.status,
            error.detail,
            error.fields,
            error.request_id,
            error.retry_after,
        )
    if isinstance(error, MalformedResponseError):
        assert ("$", b"", False) == (error.path, error.raw, error.not_json)
    if isinstance(error, OutcomeUnknownError):
        assert ("", "") == (error.operation, error.found)
    if isinstance(error, TransportError):
        assert error.never_sent is False


async def test_an_unpickled_unknown_outcome_says_that_it_cannot_look() -> None:
    """A pickled error cannot look again, and says so."""

    async def look() -> str:
        return "found"

    error = OutcomeUnknownError("nobody knows", operation="pay", found="nothing", look=look)
    assert "found" == await error.check()
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # made here
    assert ("pay", "nothing", "nobody knows") == (copy.operation, copy.found, str(copy))
    with pytest.raises(ConfigurationError, match="cannot look again"):
        await copy.check()
