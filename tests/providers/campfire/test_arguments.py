"""The arguments of Campfire's operations."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.provider import CampfireProvider
from tests.providers.campfire.paying.orders import INVOICE, NAMED, PLAIN, pay


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"page_size": 0}, "page_size"),
        ({"page_size": 10_001}, "page_size must be a whole number from 1 to 10000"),
        ({"page_size": True}, "page_size"),
        ({"modified_since": datetime(2026, 1, 31)}, "modified_since"),  # noqa: DTZ001  # refused
        ({"modified_until": datetime(2026, 1, 31)}, "modified_until"),  # noqa: DTZ001  # refused
        ({"modified_since": "2026-01-31"}, "modified_since"),
        (
            {"modified_since": date(2026, 2, 1), "modified_until": date(2026, 1, 31)},
            "modified_since .* is later than modified_until",
        ),
        ({"voided": "true"}, "voided must be True or False"),
        ({"voided": 1}, "voided must be True or False"),
        ({"skip_count": 1}, "skip_count must be True or False"),
        ({"pagination": "page"}, "pagination must be 'cursor' or 'offset'"),
        ({"pagination": None}, "pagination must be"),
        ({"pagination": []}, "pagination must be"),
        ({"invoice_id": "47864"}, "invoice_id must be a whole number"),
        ({"invoice_id": -1}, "invoice_id must be a whole number"),
        ({"invoice_id": True}, "invoice_id must be a whole number"),
        (
            {"external_id": ""},
            "external_id must be a non-empty string, not ''. The API would",
        ),
        ({"external_id": "  "}, "external_id must be a non-empty string"),
        ({"external_id": 7}, "external_id"),
        ({"concurrency": 0}, "concurrency must be a whole number from 1"),
        ({"concurrency": 101}, "concurrency must be a whole number from 1 to 100"),
        ({"concurrency": True}, "concurrency must be"),
        ({"resume": ""}, "This is not a checkpoint"),
        ({"resume": 7}, "resume must be a Checkpoint"),
    ],
)
def test_bad_argument_of_list_payments(arguments: dict[str, Any], message: str) -> None:
    """A bad argument is refused at the call, and the message names it."""
    with pytest.raises(ConfigurationError, match=message):
        CampfireProvider("sandbox-key").list_payments(**arguments)


@pytest.mark.parametrize("external_id", ["\ud800", "a\nb", "a\x00"], ids=repr)
def test_an_external_id_that_cannot_be_sent_is_refused(external_id: str) -> None:
    """A lone surrogate and control characters raise at the call."""
    with pytest.raises(ConfigurationError, match="external_id must have only printable characters"):
        CampfireProvider("sandbox-key").list_payments(external_id=external_id)


@pytest.mark.parametrize("wrong", ["22", 7, [True], [""], [1.5]])
async def test_other_payments_that_cannot_be_ids(wrong: Any) -> None:  # noqa: ANN401  # anything
    """Bad ids in ``other_payments`` are refused before anything is sent."""
    with pytest.raises(ConfigurationError, match="other_payments takes"):
        await pay(CampfireProvider("sandbox-key"), NAMED, other_payments=wrong)


@pytest.mark.parametrize("flag", ["allow_overpayment", "rebook_voided"])
async def test_a_flag_must_be_true_or_false(flag: str) -> None:
    """``allow_overpayment`` and ``rebook_voided`` must be True or False."""
    with pytest.raises(ConfigurationError, match=f"{flag} must be True or False"):
        await pay(CampfireProvider("sandbox-key"), PLAIN, INVOICE, **{flag: "yes"})
