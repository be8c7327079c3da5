"""Checkpoints as text."""

from __future__ import annotations

import base64
import pickle

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paysdk.checkpoint import Checkpoint

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=60)
@given(TEXTS, TEXTS, TEXTS)
def test_text_of_a_checkpoint_reads_back(provider: str, filters: str, position: str) -> None:
    """Whatever a checkpoint holds, its text is plain ASCII without spaces and gives it back."""
    checkpoint = Checkpoint(provider, filters, position)
    text = str(checkpoint)
    assert checkpoint == Checkpoint.parse(text)
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text


def test_checkpoint_is_a_value() -> None:
    """It cannot be changed, and can be compared, hashed and pickled."""
    checkpoint = Checkpoint("notify", "", "from=1")
    assert {checkpoint} == {pickle.loads(pickle.dumps(checkpoint))}  # its own pickle  # noqa: S301  # its own pickle
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        checkpoint.position = "from=2"  # type: ignore[misc]


def packed(content: bytes) -> str:
    """*content* dressed up as a checkpoint's text."""
    return "paysdk1." + base64.urlsafe_b64encode(content).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "from=1",
        "paysdk1.",
        "paysdk2." + str(Checkpoint("notify", "", "1"))[8:],
        str(Checkpoint("notify", "", "from=1"))[:-3],
        str(Checkpoint("notify", "", "from=1")) + "!",
        " " + str(Checkpoint("notify", "", "from=1")),
        "paysdk1.é",
        packed(b"no json"),
        packed(b"[]"),
        packed(b'["a","b"]'),
        packed(b'["a","b",3]'),
        packed(b'["a","b","c","d"]'),
        packed(b'["a","b","\xff"]'),
        packed(b"[" * 5000),
    ],
)
def test_other_text_is_refused(text: str) -> None:
    """What str() did not make is a ValueError that says how it is wrong."""
    with pytest.raises(ValueError, match=r"begin like a checkpoint|cut off or changed|ASCII"):
        Checkpoint.parse(text)


@settings(max_examples=100)
@given(st.text() | st.text().map("paysdk1.".__add__) | st.binary().map(packed))
def test_nothing_but_value_error_comes_out(text: str) -> None:
    """Reading any text either gives a checkpoint or raises ValueError."""
    try:
        checkpoint = Checkpoint.parse(text)
    except ValueError:
        return
    assert checkpoint == Checkpoint.parse(str(checkpoint))
