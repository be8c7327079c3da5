"""The words of the library in the words of the command line."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import paysdk
from paysdk import InvoiceRef, Payment
from paysdk.cli.output.wording import WORDS, reword
from paysdk.providers.campfire.paying import refusals
from paysdk.providers.campfire.paying.order import PayOrder
from paysdk.providers.campfire.paying.sent_order import SentOrder

if TYPE_CHECKING:
    from paysdk import PaysdkError

PAYMENT = Payment(
    provider="campfire",
    id="7",
    invoice=InvoiceRef("5", "A-1", None, None),
    amount=Decimal("5.00"),
    currency="USD",
    payment_date=None,
)
SENT = SentOrder(
    invoice_id=5, order=PayOrder(b"", ()), before=frozenset(), sent_at=datetime.now(UTC)
)
# What only a program can use.
OF_PROGRAMS = re.compile(r"[a-z_]+=|\w+\(|\b[a-z]+_[a-z_]+\b")


def list_messages() -> list[str]:
    """The texts in paysdk's source, with a number in place of each value."""
    texts: list[str] = []
    for path in Path(paysdk.__file__).parent.rglob("*.py"):
        if path.name == "wording.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    each.value if isinstance(each, ast.Constant) else 1 for each in node.values
                )
                texts.append("".join(map(str, parts)))
    return texts


def test_each_phrase_is_in_a_message() -> None:
    """A message that is changed later needs other words here."""
    # The name of an argument is put into these.
    named = ("modified_since", "modified_until", "voided", "page_size")
    composed = [f"cannot filter by {name}; {name} must be" for name in named]
    messages = [*list_messages(), *composed]
    unused = [
        pattern for pattern in WORDS if not any(re.search(pattern, each) for each in messages)
    ]

    assert not unused


REFUSALS: list[PaysdkError] = [
    refusals.similar_payments_error([PAYMENT]),
    refusals.earlier_order_error(SENT),
    refusals.draft_error(SENT),
    refusals.surplus_error([PAYMENT]),
    refusals.external_id_taken_error(PAYMENT),
    refusals.partly_booked_error([PAYMENT]),
    refusals.voided_error([PAYMENT]),
    refusals.overpayment_error(5, Decimal(6), Decimal(5)),
    refusals.not_of_this_invoice_error(5, 7, [PAYMENT]),
    refusals.refund_error(PAYMENT),
]


@pytest.mark.parametrize("error", REFUSALS, ids=map(str, range(10)))
def test_a_refused_order_names_nothing_of_a_program(error: PaysdkError) -> None:
    """A person at a terminal can do what the message says."""
    said = reword(str(error))

    assert not OF_PROGRAMS.findall(said), said


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("page_size must be a whole number", "--page-size must be a whole number"),
        (
            "modified_since (1) is later than modified_until (0)",
            "--since (1) is later than --until (0)",
        ),
        ("Check base_url and the proxy of your session.", "Check the base URL and the proxy."),
        ("mark_invoice_paid(5) failed", "the order for invoice 5 failed"),
        ("void_payment(5, 7) failed", "the void of payment 7 of invoice 5 failed"),
        ("The API says: 'api_key unknown'", "The API says: 'api_key unknown'"),
    ],
)
def test_words_of_a_program_become_options(message: str, shown: str) -> None:
    """What a server says stays as it is."""
    assert shown == reword(message)
