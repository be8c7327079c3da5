"""``paysdk reconcile --balances``: what is due on each invoice, in both systems."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.text import Text

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.booking import compare_balances
from paysdk.booking.words import describe_reason
from paysdk.cli.commands.book import open_target
from paysdk.cli.output.bookings import print_json
from paysdk.cli.output.layout import align_amounts
from paysdk.cli.output.tables import fit_table, plain_table
from paysdk.cli.output.terminal import make_console, print_message, print_table, to_printable
from paysdk.cli.stores import run_on_store

if TYPE_CHECKING:
    from decimal import Decimal

    from paysdk.booking import Balance
    from paysdk.cli.providers import ProviderSelection

__all__ = ["show_balances"]

_EXIT_DIFFERENT = 3


def show_balances(
    selection: ProviderSelection,
    source: str,
    database: str,
    account: str,
    *,
    output_format: str,
    numbers: NumberStyle = ENGLISH,
) -> int:
    """Compare and print the balances, and return the exit code."""

    async def work() -> list[Balance]:
        async with open_target(database, selection) as (store, target):
            return [
                balance
                async for balance in compare_balances(
                    store,
                    target=target,
                    source=source,
                    source_account=account,
                    target_account=account,
                )
            ]

    balances = run_on_store(work())
    different = [each for each in balances if not each.is_equal]
    if output_format == "jsonl":
        print_json("".join(f"{json.dumps(_to_dict(each))}\n" for each in balances))
    elif different:
        _print_table(different, source, selection.names[0], numbers)
    equal = len(balances) - len(different)
    agree = "1 invoice agrees" if equal == 1 else f"{equal} invoices agree"
    print_message(f"{agree}, {len(different)} {'does' if len(different) == 1 else 'do'} not.")
    return _EXIT_DIFFERENT if different else 0


def _to_dict(balance: Balance) -> dict[str, str | None]:
    return {
        "number": balance.number,
        "source": None if balance.source is None else str(balance.source),
        "target": None if balance.target is None else str(balance.target),
        "currency": balance.currency,
        "reason": balance.reason,
    }


def _print_table(balances: list[Balance], source: str, target: str, numbers: NumberStyle) -> None:
    ours, *due = align_amounts(
        f"Due in {source}", [_with_currency(each, each.source) for each in balances], numbers
    )
    theirs, *due_there = align_amounts(
        f"Due in {target}", [_with_currency(each, each.target) for each in balances], numbers
    )
    table = plain_table()
    table.add_column("Invoice", overflow="fold")
    table.add_column(Text(ours), no_wrap=True)
    table.add_column(Text(theirs), no_wrap=True)
    table.add_column("Why", overflow="fold")
    for each, amount, amount_there in zip(balances, due, due_there, strict=True):
        values = (each.number, amount, amount_there, describe_reason(each.reason))
        table.add_row(*(Text(to_printable(value)) for value in values))
    print_table(fit_table(table, make_console(sys.stdout).width))


def _with_currency(balance: Balance, due: Decimal | None) -> tuple[Decimal | None, str | None]:
    return due, None if due is None else balance.currency
