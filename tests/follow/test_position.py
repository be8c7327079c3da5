"""Tests of a follower's position and of its checkpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import Checkpoint, ConfigurationError, InvoiceRef, Payment
from paysdk.follow.position import FollowPosition

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PAYMENT = Payment(provider="acme", id="7", amount=Decimal(1), invoice=InvoiceRef("1"))


def start(first: datetime | None = None, *, incremental: bool = True) -> FollowPosition:
    """The position of a new follower, with an overlap of five minutes."""
    return FollowPosition.start(first, NOW, incremental=incremental, overlap=300, limit=10)


def resume(
    checkpoint: Checkpoint | str, provider: str = "acme", *, incremental: bool = True
) -> FollowPosition:
    """The position in a checkpoint."""
    return FollowPosition.from_checkpoint(
        checkpoint, provider, incremental=incremental, overlap=300, limit=10
    )


def test_begins_with_the_overlap_before_now() -> None:
    """Without a first time, the clock of the provider may be slower than ours."""
    position = start()
    position.begin_pass(NOW)

    assert (NOW - 5 * MINUTE, True) == (position.state.since, position.learning)


def test_begins_with_the_first_time() -> None:
    """With a first time, there is no overlap before it, also in later passes."""
    position = start(NOW - 60 * MINUTE)
    position.begin_pass(NOW)
    assert (NOW - 60 * MINUTE, False) == (position.state.since, position.learning)
    position.finish_page([NOW - 58 * MINUTE], None)
    position.begin_pass(NOW)

    assert NOW - 60 * MINUTE == position.state.since


def test_time_in_the_future_does_not_move_the_watermark_beyond_now() -> None:
    """Otherwise a record with a wrong time would hide later changes."""
    position = start(NOW - 60 * MINUTE)
    position.begin_pass(NOW)
    position.finish_page([NOW + 60 * MINUTE], None)
    position.begin_pass(NOW)

    assert NOW - 5 * MINUTE == position.state.since


def test_larger_overlap_in_the_middle_of_a_pass() -> None:
    """No later pass lists what was forgotten with a smaller overlap."""
    position = start(NOW - 60 * MINUTE)
    position.begin_pass(NOW)
    old = attrs.evolve(PAYMENT, created_at=NOW - 59 * MINUTE)
    assert "created" == position.note(old, NOW - 59 * MINUTE)
    position.finish_page([NOW - 30 * MINUTE], "2")
    assert NOW - 35 * MINUTE == position.forgotten
    later = FollowPosition.from_checkpoint(
        position.to_checkpoint("acme"), "acme", incremental=True, overlap=3600, limit=10
    )
    later.finish_page([NOW - 29 * MINUTE], None)
    later.begin_pass(NOW)

    assert NOW - 35 * MINUTE == later.state.since


def test_provider_without_times_lists_everything() -> None:
    """A pass of a provider that cannot list incrementally has no filter."""
    position = start(incremental=False)
    for _ in range(2):
        position.begin_pass(NOW)
        assert ("full", None) == (position.state.kind, position.state.since)
        position.finish_page([NOW], None)


def test_learning_ends_with_the_first_pass() -> None:
    """An interruption does not end it."""
    position = start(incremental=False)
    position.begin_pass(NOW)
    position.finish_page([None], "2")
    assert resume(position.to_checkpoint("acme"), incremental=False).learning
    position.finish_page([None], None)

    assert not position.learning


_TIMES = st.lists(st.one_of(st.none(), st.integers(-90, 90)), max_size=3)


@given(
    st.booleans(),
    st.one_of(st.none(), st.integers(-90, 0)),
    st.lists(st.tuples(_TIMES, st.booleans()), max_size=4),
)
def test_checkpoint_is_the_position(
    incremental: bool, first: int | None, pages: list[tuple[list[int | None], bool]]
) -> None:
    """A checkpoint has all of a position, after each page."""
    position = start(None if first is None else NOW + first * MINUTE, incremental=incremental)
    for times, is_last in pages:
        position.begin_pass(NOW)
        moments = [None if each is None else NOW + each * MINUTE for each in times]
        position.finish_page(moments, None if is_last else "next")
        again = resume(str(position.to_checkpoint("acme")), incremental=incremental)

        assert position.to_checkpoint("acme") == again.to_checkpoint("acme")


WRONG: list[tuple[Any, str]] = [
    ("", "it does not begin like a checkpoint"),
    ("paysdk1.x", "it is cut off or changed"),
    (Checkpoint("acme", "", "[]"), "belongs to a listing, not to follow_payments"),
    (Checkpoint("other", "follow_payments", "[]"), "belongs to 'other', not to 'acme'"),
    (Checkpoint("acme", "follow_payments", "[]"), "This is not a checkpoint of follow_payments"),
    (Checkpoint("acme", "follow_payments", "[" * 9999), "This is not a checkpoint"),
    (None, "resume must be the checkpoint of a follower, or its text, not None"),
]


@pytest.mark.parametrize(("checkpoint", "message"), WRONG)
def test_wrong_checkpoint(checkpoint: Any, message: str) -> None:
    """A checkpoint that is none, or belongs elsewhere, is refused."""
    with pytest.raises(ConfigurationError, match=message):
        resume(checkpoint)


def changed(place: int, value: object) -> Checkpoint:
    """A checkpoint in which one field was changed."""
    fields: list[Any] = msgspec.json.decode(start(NOW).to_checkpoint("acme").position)
    fields[place] = value
    return Checkpoint("acme", "follow_payments", msgspec.json.encode(fields).decode())


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, 99, "another version of paysdk made it"),
        (1, False, "was made when acme could not list incrementally"),
        (4, "2026-01-01T00:00:00", "This is not a checkpoint"),
        (11, ["YQ==", "", ""], "This is not a checkpoint"),
        (11, ["", "", "MTIzNDU2Nzg="], "This is not a checkpoint"),
    ],
)
def test_changed_checkpoint(place: int, value: object, message: str) -> None:
    """A checkpoint that was changed is refused."""
    with pytest.raises(ConfigurationError, match=message):
        resume(changed(place, value))


def test_provider_that_lists_incrementally_no_more() -> None:
    """A checkpoint belongs to one way of listing."""
    with pytest.raises(ConfigurationError, match="was made when acme could list incrementally"):
        resume(start().to_checkpoint("acme"), incremental=False)
