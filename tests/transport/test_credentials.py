"""Keys stay out of sight."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.errors import ConfigurationError
from paysdk.transport.credentials import Secret, checked_key

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sandbox-key"


def test_secret_shows_itself_only_when_asked() -> None:
    """Neither printing nor formatting shows what it is."""
    secret = Secret(KEY)
    assert KEY == secret.reveal()
    assert ["Secret(***)"] * 4 == [repr(secret), str(secret), f"{secret}", f"{secret!r:s}"]
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_secret_cannot_be_copied_anywhere(copied: Callable[[object], object]) -> None:
    """A pickle would carry the key to wherever it is stored."""
    with pytest.raises(TypeError, match="holds an API key and cannot be pickled") as caught:
        copied(Secret(KEY))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", [KEY, "test_sandbox", "a", "ABC.def-123_~+/=", "x" * 5000], ids=range(5))
def test_key_of_visible_ascii_is_taken(key: str) -> None:
    """The same secret comes back."""
    secret = Secret(key)
    assert secret is checked_key(secret)


BAD_KEYS: list[Any] = [
    "",
    " ",
    " " + KEY,
    KEY + " ",
    KEY + "\n",
    KEY + "\r\nX-Other: 1",
    "Token " + KEY,
    KEY + "\t",
    KEY + "\x00",
    KEY + "\x7f",
    KEY + "é",
    KEY + "\u200b",
    None,
    5,
    KEY.encode(),
    [KEY],
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_what_can_be_no_key_is_refused_without_showing_it(key: Any) -> None:  # noqa: ANN401  # anything may be given
    """A key with a line end would be another header; the message does not repeat what was given."""
    with pytest.raises(ConfigurationError, match="api_key") as caught:
        checked_key(Secret(key))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("wrong", ["Token sandbox-key", "sandbox-key\n"])
def test_a_wrong_key_is_not_shown(wrong: str, told_by: Callable[[BaseException], str]) -> None:
    """The error about a key does not show it, in no frame either."""
    with pytest.raises(ConfigurationError) as raised:
        checked_key(Secret(wrong))
    assert "sandbox-key" not in told_by(raised.value)


def test_a_key_is_blotted_out_of_what_an_api_repeats() -> None:
    """The key goes, with or without its scheme; a text too short to be a key stays."""
    assert "bad header Token ***" == Secret(f"Token {KEY}").out_of(f"bad header Token {KEY}")
    assert "all well" == Secret("Token l").out_of("all well")
