"""Filters of a provider's own on the command line."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Literal

import pytest

from paysdk import CampfireProvider, Capabilities, ConfigurationError, UnsupportedFilterError
from paysdk.cli.filters import convert_filters
from paysdk.cli.parsing import parse_filters

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    Command = Callable[..., Outcome]


class Odd:
    """A provider with filters of several types."""

    name = "odd"
    capabilities = Capabilities(
        filters=frozenset({"kind", "since", "codes", "number"}),
        max_page_size=1,
        reports_voids=False,
        lists_incrementally=False,
    )

    def list_payments(
        self,
        *,
        kind: Literal["in", "out"] | None = None,
        since: date | None = None,
        codes: list[str] | None = None,
        number: int | None = None,
    ) -> None:
        """List nothing."""


ODD: Any = Odd()


def test_values_have_the_type_of_their_filter() -> None:
    """A text becomes a date or a number if the filter takes one."""
    texts = {"kind": "in", "since": "2026-01-31", "number": "7"}
    assert {"kind": "in", "since": date(2026, 1, 31), "number": 7} == convert_filters(ODD, texts)


@pytest.mark.parametrize(
    ("filters", "error", "message"),
    [
        (
            {"size": "1"},
            UnsupportedFilterError,
            "odd cannot filter by size. Its filters are: codes",
        ),
        ({"number": "x"}, ConfigurationError, "--filter number must be a whole number, not 'x'"),
        ({"codes": "x"}, ConfigurationError, "--filter codes cannot be given as a string"),
        ({"since": "soon"}, ConfigurationError, "--filter since takes a date or a time"),
    ],
)
def test_wrong_filters_are_refused(
    filters: dict[str, str], error: type[Exception], message: str
) -> None:
    """The error names the option."""
    with pytest.raises(error, match=message):
        convert_filters(ODD, filters)


@pytest.mark.parametrize("option", ["invoice_id", "=7", "invoice_id="])
def test_filter_has_a_name_and_a_value(option: str) -> None:
    """Both are needed."""
    with pytest.raises(ConfigurationError, match="--filter takes NAME=VALUE"):
        parse_filters([option])


def test_filter_is_given_once() -> None:
    """A second value is refused."""
    with pytest.raises(ConfigurationError, match="--filter a is given twice"):
        parse_filters(["a=1", "a=2"])


def test_list_and_sync_take_filters(paysdk: Command, tmp_path: Path) -> None:
    """Both list only what the filter chooses."""
    sandbox = ("--sandbox", "--sandbox-payments", "20", "--filter", "voided=true")
    listed = paysdk("list", "campfire", "--format", "jsonl", *sandbox)
    synced = paysdk("sync", "campfire", "--to", str(tmp_path / "payments.db"), *sandbox)
    assert (0, 0) == (listed.code, synced.code)
    voided = len(listed.out.splitlines())
    assert 0 < voided < 20
    assert ["campfire", "filtered", str(voided)] == synced.out.splitlines()[-1].split()[:3]


def test_filter_and_option_of_the_same_name(paysdk: Command) -> None:
    """One of them is enough."""
    outcome = paysdk("list", "campfire", "--sandbox", "--voided", "--filter", "voided=true")
    assert 2 == outcome.code
    assert "voided is given by --filter and by an option: use one." in outcome.err


def test_campfire_has_filters_of_its_own() -> None:
    """Its parameters are read by their types."""
    campfire = CampfireProvider("letmein")
    assert {"invoice_id": 7} == convert_filters(campfire, {"invoice_id": "7"})
