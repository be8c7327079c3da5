"""Tests of the secrets and of their removal from errors."""

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


def test_secret_is_not_printed() -> None:
    """Neither printing nor formatting a secret shows its text."""
    secret = Secret(KEY)
    assert KEY == secret.reveal()
    assert ["Secret(***)"] * 4 == [repr(secret), str(secret), f"{secret}", f"{secret!r:s}"]
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize(
    "copied", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"]
)
def test_secret_cannot_be_pickled(copied: Callable[[object], object]) -> None:
    """A secret cannot be pickled or copied."""
    with pytest.raises(TypeError, match="holds an API key, so it cannot be pickled") as caught:
        copied(Secret(KEY))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "key", [KEY, "test_sandbox", "a", "ABC.def-123_~+/=", "x" * 5000], ids=range(5)
)
def test_key_of_visible_ascii_is_accepted(key: str) -> None:
    """`check_key` returns the same secret."""
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
def test_refuses_a_wrong_key(key: Any) -> None:  # noqa: ANN401  # anything may be given
    """A key with a line end, say, is refused with a message that does not contain it."""
    with pytest.raises(ConfigurationError, match="api_key") as caught:
        check_key(Secret(key))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("wrong", ["Token sandbox-key", "sandbox-key\n"])
def test_frames_do_not_show_a_wrong_key(
    wrong: str, told_by: Callable[[BaseException], str]
) -> None:
    """No frame of the error about a key shows the key."""
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
def test_redacts_a_repeated_key(key: str, text: str, shown: str) -> None:
    """A key is removed if it is escaped or cut, but not if it is too short for a key."""
    assert (shown, shown != text) == (Secret(key).redact(text), Secret(key).occurs_in(text))


def test_redacts_an_error() -> None:
    """The keys are removed from every attribute, and the error is not chained to its cause."""
    error = APIError(
        f"400 {KEY}",
        status=400,
        detail=KEY,
        fields={KEY: ("no", f"not {KEY}")},
        request_id=None,
        retry_after=2.0,
        headers={"x-echo": KEY},
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
        "headers": {"x-echo": "***"},
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


def test_malformed_response_keeps_the_words_of_its_cause() -> None:
    """The copy of the cause has its type and its words, and neither keys, frames nor attributes."""
    cause = raised(AttributeError(f"no {KEY}", name="id", obj=KEY))
    cause.__cause__ = LookupError(KEY)
    error = MalformedResponseError("bad")
    error.__cause__ = cause
    found = redact_error(error, [Secret(KEY)]).__cause__
    assert isinstance(found, AttributeError)
    assert (("no ***",), None) == (found.args, found.obj)
    assert [None] * 3 == [found.__cause__, found.__context__, found.__traceback__]


@pytest.mark.parametrize(
    ("password", "shown"), [("pw", "the pw of proxy.pw"), ("proxy", "the pw of ***.pw")]
)
def test_short_passwords_are_not_redacted(password: str, shown: str) -> None:
    """Removing a shorter password would also remove parts of words."""
    assert shown == redact_passwords("the pw of proxy.pw", [password])


def raised(error: Exception) -> Exception:
    """Return *error* with a frame in its traceback."""
    with contextlib.suppress(Exception):
        raise error
    return error


def test_drops_tracebacks_of_the_whole_chain() -> None:
    """The frames of causes and contexts are removed, also if the chain is a circle."""
    first, cause, context, *deeper = [raised(ValueError(str(number))) for number in range(6)]
    first.__cause__, first.__context__ = cause, context
    cause.__cause__, context.__cause__, context.__context__ = *deeper[:2], deeper[2]
    deeper[0].__context__ = first
    drop_tracebacks(first)
    assert [None] * 6 == [error.__traceback__ for error in (first, cause, context, *deeper)]
