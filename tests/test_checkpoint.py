"""Tests of checkpoints as text."""

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
def test_parses_its_own_text(provider: str, filters: str, position: str) -> None:
    """The text of any checkpoint is ASCII without spaces, and parses to the same checkpoint."""
    checkpoint = Checkpoint(provider, filters, position)
    text = str(checkpoint)
    assert checkpoint == Checkpoint.parse(text)
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text


def test_checkpoint_is_a_value() -> None:
    """A checkpoint is frozen, comparable, hashable and picklable."""
    checkpoint = Checkpoint("notify", "", "from=1")
    assert {checkpoint} == {pickle.loads(pickle.dumps(checkpoint))}  # noqa: S301  # its own pickle
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        checkpoint.position = "from=2"  # type: ignore[misc]  # what is refused


def pack(content: bytes) -> str:
    """Encode *content* as the text of a checkpoint."""
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
        pack(b"no json"),
        pack(b"[]"),
        pack(b'["a","b"]'),
        pack(b'["a","b",3]'),
        pack(b'["a","b","c","d"]'),
        pack(b'["a","b","\xff"]'),
        pack(b"[" * 5000),
    ],
)
def test_other_text_is_refused(text: str) -> None:
    """Other text raises ValueError with what is wrong."""
    with pytest.raises(ValueError, match=r"begin like a checkpoint|cut off or changed|ASCII"):
        Checkpoint.parse(text)


@settings(max_examples=100)
@given(st.text() | st.text().map("paysdk1.".__add__) | st.binary().map(pack))
def test_any_text(text: str) -> None:
    """Any text gives a checkpoint or ValueError."""
    try:
        checkpoint = Checkpoint.parse(text)
    except ValueError:
        return
    assert checkpoint == Checkpoint.parse(str(checkpoint))
