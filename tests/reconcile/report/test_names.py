"""The names of the sides and the statuses."""

from __future__ import annotations

from paysdk.reconcile import Status
from paysdk.reconcile.report.names import Names, status_class


def test_a_status_is_named_after_its_side() -> None:
    """The names of the sides are part of the names of two statuses."""
    names = Names.of("Campfire", "Notify")

    assert ("Campfire", "Notify") == names.sides
    assert ("Only in Campfire", "Only in Notify") == (
        names.statuses[Status.LEFT_ONLY],
        names.statuses[Status.RIGHT_ONLY],
    )


def test_every_status_has_a_class_of_its_own() -> None:
    """A class has no spaces, because a space would separate two classes."""
    classes = {status_class(status) for status in Status}

    assert len(Status) == len(classes)
    assert "left-only" in classes
    assert not any(" " in name for name in classes)
