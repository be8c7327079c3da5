"""The tree of errors, and what each of them keeps and says."""

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
    """Every error of the module stands in the tree, is exported, and is named in the module's docstring."""
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
    """An error is caught by its own branch of the tree, and by the built-in that it is a case of."""
    assert BASES[kind] == kind.__bases__


def filled(kind: type[PaysdkError]) -> PaysdkError:
    """An error of *kind* with everything set that it can hold."""
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
    """Errors cross process borders with all that they hold."""
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
def test_text_says_what_and_where(kind: type[PaysdkError]) -> None:
    """The text has the message, the provider, the method and the URL; without a request it is the message alone."""
    assert filled(kind).args[0] + " [campfire: GET https://api.example.com/x?cursor=1]" == str(
        filled(kind)
    )
    assert "went wrong" == str(kind("went wrong"))
    assert not str(kind())


@EVERY
def test_where_is_noted_once(kind: type[PaysdkError]) -> None:
    """The place that was noted first stays, and noting it gives the same error back."""
    error = filled(kind)
    assert error is error.at("notify", "POST", "https://other.example.com/")
    assert ("campfire", "GET", "https://api.example.com/x?cursor=1") == (
        error.provider,
        error.method,
        error.url,
    )


@EVERY
def test_nothing_is_known_before_it_happens(kind: type[PaysdkError]) -> None:
    """An error made with a message only has every attribute of its kind, unset."""
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
    """The way to look again does not go through a pickle, and the error says so."""

    async def look() -> str:
        return "found"

    error = OutcomeUnknownError("nobody knows", operation="pay", found="nothing", look=look)
    assert "found" == await error.check()
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # made here
    assert ("pay", "nothing", "nobody knows") == (copy.operation, copy.found, str(copy))
    with pytest.raises(ConfigurationError, match="cannot look again"):
        await copy.check()
