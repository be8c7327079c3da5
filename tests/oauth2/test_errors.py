"""The errors of OAuth2 clients and their stores."""

from __future__ import annotations

import pickle

import pytest

from paysdk import AuthenticationError, PaysdkError
from paysdk.oauth2 import AuthorizationEndedError, TokenStoreError

ERRORS = [
    AuthorizationEndedError("The refresh token was revoked.", status=400),
    TokenStoreError("The file cannot be read."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_reaches_another_process_whole(error: PaysdkError) -> None:
    """Pickling keeps its message and its status, and one clause catches it."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

    assert (type(error), str(error), vars(error)) == (type(copy), str(copy), vars(copy))
    with pytest.raises(PaysdkError, match=str(error)):
        raise copy


def test_an_authorization_that_ended_is_caught_like_a_refused_key() -> None:
    """Both errors need a person, and differ from the error of a file that cannot be read."""
    assert issubclass(AuthorizationEndedError, AuthenticationError)
    assert not issubclass(TokenStoreError, AuthenticationError)
