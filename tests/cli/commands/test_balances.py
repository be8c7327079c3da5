"""``paysdk reconcile --balances``."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.commands.conftest import Desk


def test_what_is_due_is_compared(desk: Desk) -> None:
    """The exit code is 3 while any invoice differs."""
    where = ("reconcile", "notify", "campfire", "--from", desk.database, "--balances")
    before = desk.run(*where)
    german = desk.run(*where, "--locale", "de")
    listed = desk.run(*where, "--format", "jsonl")
    desk.campfire.add_payment(invoice_id=58702, amount=Decimal("1.00"))
    one = desk.run(*where)
    assert "1 invoice agrees, 2 do not." in one.err
    desk.plan()
    desk.do("approve", "--by", "Ann", "--limit", "2000.00")
    desk.do("apply")
    after = desk.run(*where)

    assert (3, 0) == (before.code, after.code)
    assert "differs" in before.out
    assert ("1,033.33 USD" in before.out, "1.033,33 USD" in german.out) == (True, True)
    assert {"USD"} == {json.loads(line)["currency"] for line in listed.out.splitlines()}
    assert "0 invoices agree, 3 do not." in before.err
    assert {"differs"} == {json.loads(line)["reason"] for line in listed.out.splitlines()}
    assert "3 invoices agree, 0 do not." in after.err
    for wrong in (
        desk.run(*where, "--format", "csv"),
        desk.run(*where[:-1], "--key-file", "campfire=key"),
        desk.run(*where[:3], "--from", str(desk.folder), "--balances"),
    ):
        assert 2 == wrong.code
