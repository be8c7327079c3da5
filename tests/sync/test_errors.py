"""The errors of stores and syncs."""

from __future__ import annotations

import pickle

import pytest

from paysdk import PaysdkError
from paysdk.sync import AccountBusyError, LeaseLostError, StoreError, TooManyVanishedError

ERRORS = [
    AccountBusyError("Another sync is running.", seconds=12.5),
    LeaseLostError("Another sync has taken over."),
    StoreError("The database cannot be used."),
    TooManyVanishedError("The listing is empty.", vanished=3, stored=4),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_reaches_another_process_whole(error: PaysdkError) -> None:
    """Pickling keeps its message and its numbers."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

    assert (type(error), str(error), vars(error)) == (type(copy), str(copy), vars(copy))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_one_except_clause_catches_every_error(error: PaysdkError) -> None:
    """Each of them is a PaysdkError."""
    with pytest.raises(PaysdkError, match=str(error)):
        raise error
