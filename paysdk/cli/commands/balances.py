"""``paysdk reconcile --balances``: what is due on each invoice, in both systems."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.text import Text

from paysdk.booking import compare_balances
from paysdk.cli.commands.book import open_target
from paysdk.cli.output.bookings import print_json
from paysdk.cli.output.tables import fit_table, plain_table
from paysdk.cli.output.terminal import make_console, print_message, print_table, to_printable
from paysdk.cli.signals import run_async
from paysdk.sync import StoreError

if TYPE_CHECKING:
    from paysdk.booking import Balance
    from paysdk.cli.providers import ProviderSelection

__all__ = ["show_balances"]

_EXIT_DIFFERENT = 3


def show_balances(
    selection: ProviderSelection, source: str, database: str, account: str, output_format: str
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

    try:
        balances = run_async(work())
    except StoreError as error:
        print_message(error)
        return 2
    different = [each for each in balances if not each.is_equal]
    if output_format == "jsonl":
        print_json("".join(f"{json.dumps(_to_dict(each))}\n" for each in balances))
    elif different:
        _print_table(different, source, selection.names[0])
    print_message(f"{len(balances) - len(different)} invoices agree, {len(different)} do not.")
    return _EXIT_DIFFERENT if different else 0


def _to_dict(balance: Balance) -> dict[str, str | None]:
    return {
        "number": balance.number,
        "source": None if balance.source is None else str(balance.source),
        "target": None if balance.target is None else str(balance.target),
        "reason": balance.reason,
    }


def _print_table(balances: list[Balance], source: str, target: str) -> None:
    table = plain_table()
    for header in ("Invoice", f"Due in {source}", f"Due in {target}", "Why"):
        table.add_column(header, overflow="fold")
    for each in balances:
        values = (each.number, each.source, each.target, each.reason.replace("_", " "))
        table.add_row(*(Text(to_printable(value)) for value in values))
    print_table(fit_table(table, make_console(sys.stdout).width))
