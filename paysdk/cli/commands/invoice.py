"""``paysdk invoice``: one invoice with its lines and payments."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from paysdk.amounts import ENGLISH, NumberStyle
from paysdk.cli.output.layout import align_amounts
from paysdk.cli.output.tables import payments_table, plain_table
from paysdk.cli.output.terminal import (
    configure_utf8_stdout,
    make_console,
    print_table,
    report_error,
    to_printable,
)
from paysdk.cli.providers import as_paysdk_error, find_able_provider, open_providers
from paysdk.cli.signals import run_async
from paysdk.converter import make_converter
from paysdk.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from paysdk import Invoice
    from paysdk.cli.providers import ProviderSelection
    from paysdk.errors import PaysdkError

__all__ = ["find_invoice_provider", "show_invoice"]

# Cells that the panel's border and padding take.
_FRAME_WIDTH = 4


@runtime_checkable
class _RetrievesInvoices(Protocol):
    async def retrieve_invoice(self, invoice_id: int) -> Invoice: ...


def find_invoice_provider(name: str | None) -> str:
    """The named provider, or the only one that can retrieve an invoice.

    Raises ``ConfigurationError`` if the named provider cannot retrieve invoices. Without a name,
    raises it unless exactly one provider can.
    """
    return find_able_provider(name, "retrieve_invoice", "retrieve an invoice")


def show_invoice(
    selection: ProviderSelection,
    invoice_id: int,
    output_format: Literal["panel", "json"],
    numbers: NumberStyle = ENGLISH,
) -> int:
    """Read and print the invoice, and return the exit code."""
    failures: list[PaysdkError] = []
    invoice = run_async(_retrieve(selection, invoice_id, failures))
    if invoice is not None:
        _print(invoice, output_format, numbers)
    return max([0, *map(report_error, failures)])


def _print(invoice: Invoice, output_format: Literal["panel", "json"], numbers: NumberStyle) -> None:
    if output_format == "json":
        configure_utf8_stdout().write(f"{make_converter().dumps(invoice).decode()}\n")
    else:
        print_table(_panel(invoice, make_console(sys.stdout).width, numbers))


async def _retrieve(
    selection: ProviderSelection, invoice_id: int, failures: list[PaysdkError]
) -> Invoice | None:
    invoice: Invoice | None = None
    async with open_providers(selection, failures) as providers:
        for provider in providers:
            if not isinstance(provider, _RetrievesInvoices):
                raise ConfigurationError(f"{provider.name} cannot retrieve an invoice.")
            try:
                invoice = await provider.retrieve_invoice(invoice_id)
            except Exception as error:  # noqa: BLE001  # another package's class may raise anything
                failures.append(as_paysdk_error(provider.name, error))
    return invoice


def _panel(invoice: Invoice, width: int, numbers: NumberStyle) -> Panel:
    """The invoice with its lines and payments, at most *width* cells wide."""
    parts: list[RenderableType] = [_facts(invoice)]
    if invoice.lines:
        parts += ["", _lines(invoice, numbers)]
    parts += ["", _totals(invoice, numbers), ""]
    parts.append(
        payments_table(invoice.payments, width - _FRAME_WIDTH, numbers, of_one_invoice=True)
        if invoice.payments
        else Text("No payments.")
    )
    title = Text(f"Invoice {to_printable(invoice.invoice_number or invoice.id)}")
    return Panel(
        Group(*parts),
        title=title,
        title_align="left",
        box=box.ROUNDED,
        expand=False,
        padding=(0, 1),
    )


def _facts(invoice: Invoice) -> Table:
    facts = {
        "Id": invoice.id,
        "Client": invoice.client_name or invoice.client,
        "Entity": invoice.entity_name,
        "Status": invoice.payment_status or invoice.status,
        "Voided": invoice.voided_date,
        "Invoice date": invoice.invoice_date,
        "Due": invoice.due_date,
        "Paid": invoice.paid_date,
        "Terms": invoice.terms,
        "Contract": invoice.contract_name,
    }
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value is not None:
            grid.add_row(Text(name, style="bold"), Text(to_printable(value)))
    return grid


def _lines(invoice: Invoice, numbers: NumberStyle) -> Table:
    lines = invoice.lines
    table = plain_table()
    header, *money = align_amounts(
        "Amount", [(line.amount, line.currency or invoice.currency) for line in lines], numbers
    )
    quantity, *quantities = align_amounts(
        "Quantity", [(line.quantity, None) for line in lines], numbers
    )
    table.add_column("Line", overflow="fold")
    table.add_column(quantity, no_wrap=True)
    table.add_column(header, no_wrap=True)
    for line, number, amount in zip(lines, quantities, money, strict=True):
        table.add_row(
            Text(to_printable(line.product_name or line.description or line.id)),
            Text(number),
            Text(amount),
        )
    return table


def _totals(invoice: Invoice, numbers: NumberStyle) -> Table:
    named = {"Total": invoice.total_amount, "Paid": invoice.amount_paid, "Due": invoice.amount_due}
    known = {name: amount for name, amount in named.items() if amount is not None}
    grid = Table.grid(padding=(0, 2))
    for name, text in zip(
        known,
        align_amounts("", [(amount, invoice.currency) for amount in known.values()], numbers)[1:],
        strict=True,
    ):
        grid.add_row(Text(name, style="bold"), Text(text))
    return grid
