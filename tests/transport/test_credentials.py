"""Keys stay out of sight."""

from __future__ import annotations

import contextlib
import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from paysdk.errors import APIError, ConfigurationError, MalformedResponseError
from paysdk.transport.credentials import (
    Secret,
    check_key,
    drop_tracebacks,
    redact_error,
    redact_passwords,
)

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sandbox-key"


def test_secret_shows_itself_only_when_asked() -> None:
    """Neither printing nor formatting shows what it is."""
    secret = Secret(KEY)
    assert KEY == secret.reveal()
    assert ["Secret(***)"] * 4 == [repr(secret), str(secret), f"{secret}", f"{secret!r:s}"]
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize(
    "copied", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"]
)
def test_secret_cannot_be_copied_anywhere(copied: Callable[[object], object]) -> None:
    """A pickle would carry the key to wherever it is stored."""
    with pytest.raises(TypeError, match="holds an API key, so it cannot be pickled") as caught:
        copied(Secret(KEY))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "key", [KEY, "test_sandbox", "a", "ABC.def-123_~+/=", "x" * 5000], ids=range(5)
)
def test_key_of_visible_ascii_is_taken(key: str) -> None:
    """The same secret comes back."""
    secret = Secret(key)
    assert secret is check_key(secret)


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
        check_key(Secret(key))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("wrong", ["Token sandbox-key", "sandbox-key\n"])
def test_a_wrong_key_is_not_shown(wrong: str, told_by: Callable[[BaseException], str]) -> None:
    """The error about a key does not show it, in no frame either."""
    with pytest.raises(ConfigurationError) as raised:
        check_key(Secret(wrong))
    assert "sandbox-key" not in told_by(raised.value)


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        (f"Token {KEY}", f"bad header Token {KEY}", "bad header Token ***"),
        (KEY, f"{KEY}, {KEY}", "***, ***"),
        (KEY, "it begins with sandbox-k", "it begins with ***"),
        (KEY, "sandbox", "sandbox"),
        (KEY, r"\u0073\u0061\u006E\u0064box-key!", "***!"),
        (KEY, "%73andbox%2Dkey%2573andbox%252dkey", "******"),
        (
            'sand/"box\\',
            r"key=sand%2f%22box%5C and sand/\"box\\, sand/\\\"bo",
            "key=*** and ***, ***",
        ),
        ("Token l", "all well", "all well"),
        ("Token eightlet", "is it eightlet?", "is it ***?"),
        ("Token sevenle", "is it sevenle?", "is it sevenle?"),
    ],
    ids=range(10),
)
def test_a_key_is_blotted_out_of_what_an_api_repeats(key: str, text: str, shown: str) -> None:
    """The key goes, with or without its scheme, escaped or cut short; a text too short to be a key stays."""
    assert (shown, shown != text) == (Secret(key).redact(text), Secret(key).occurs_in(text))


def test_an_error_is_gone_through() -> None:
    """Whatever an error holds comes out without any of the keys, and the rest as it was, unlinked from what was raised below."""
    error = APIError(
        f"400 {KEY}",
        status=400,
        detail=KEY,
        fields={KEY: ("no", f"not {KEY}")},
        request_id=None,
        retry_after=2.0,
    )
    error.add_note(f"of {KEY} and other-key")
    error.__cause__ = LookupError(KEY)
    assert error is redact_error(error, [Secret(KEY), Secret("other-key")])
    assert ("400 ***",) == error.args
    assert {
        "status": 400,
        "detail": "***",
        "fields": {"***": ("no", "not ***")},
        "request_id": None,
        "retry_after": 2.0,
        "__notes__": ["of *** and ***"],
    } == vars(error)
    linked: list[object] = [error.__cause__, error.__context__, error.__traceback__]
    assert [None, None, None] == linked
    assert ("a" * 1500 + "…" + "b" * 500,) == redact_error(
        ConfigurationError("a" * 10**6 + "b" * 500), []
    ).args
    assert ("a" * 2000,) == redact_error(ConfigurationError("a" * 2000), []).args
    assert ("caf?",) == redact_error(ConfigurationError("caf\udce9"), []).args
    assert (
        b"\xff***\x00"
        == redact_error(
            MalformedResponseError(raw=b"\xff" + KEY.encode() + b"\x00"), [Secret(KEY)]
        ).raw
    )


@pytest.mark.parametrize(
    ("password", "shown"), [("pw", "the pw of proxy.pw"), ("proxy", "the pw of ***.pw")]
)
def test_only_passwords_of_three_characters_or_more_are_blotted_out(
    password: str, shown: str
) -> None:
    """A shorter one would take every other word apart."""
    assert shown == redact_passwords("the pw of proxy.pw", [password])


def raised(error: ValueError) -> ValueError:
    """*error* with a frame in it."""
    with contextlib.suppress(ValueError):
        raise error
    return error


def test_frames_are_dropped_wherever_errors_hang_together() -> None:
    """By cause or by context, also where both lead on, and in circles."""
    first, cause, context, *deeper = [raised(ValueError(str(number))) for number in range(6)]
    first.__cause__, first.__context__ = cause, context
    cause.__cause__, context.__cause__, context.__context__ = *deeper[:2], deeper[2]
    deeper[0].__context__ = first
    drop_tracebacks(first)
    assert [None] * 6 == [error.__traceback__ for error in (first, cause, context, *deeper)]
