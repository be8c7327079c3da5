"""Tables that fit the width, with exact amounts."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from paysdk import CustomerRef, InvoiceRef, Payment
from paysdk.cli.output.tables import PaymentsTables, fit_table, payments_table, plain_table


def render(payments: list[Payment], width: int) -> list[str]:
    """Return the lines of the table on a console of this width."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(payments_table(payments, width))
    return [line.rstrip() for line in captured.get().splitlines()]


def payment(number: int = 1, **fields: object) -> Payment:
    """A payment with these fields."""
    known = {
        "provider": "acme",
        "id": str(number),
        "amount": Decimal("883.33"),
        "invoice": InvoiceRef("9", "INV-9"),
    }
    return Payment(**(known | fields))  # type: ignore[arg-type]  # fields of a test's own


def test_more_width_shows_more() -> None:
    """A wider table shows more columns by importance, and no empty column."""
    moment = datetime(2026, 2, 1, 8, tzinfo=UTC)
    payments = [
        payment(
            payment_date=date(2026, 1, 31),
            customer=CustomerRef(name="Müller"),
            voided_date=date(2026, 2, 1),
            modified_at=moment,
        )
    ]

    assert ["Provider", "Date", "Amount"] == render(payments, 32)[0].split()
    assert ["Provider", "Date", "Invoice", "Customer", "Amount", "State"] == render(payments, 60)[
        0
    ].split()
    assert (
        "Provider  Payment  Date        Invoice  Invoice id  Customer  Amount  State   Voided on "
        "  Modified (UTC)" == render(payments, 160)[0]
    )


def test_voids_are_marked_with_a_word() -> None:
    """Only a voided payment is marked with a word."""
    lines = render([payment(1, voided_date=date(2026, 2, 1)), payment(2)], 80)

    assert [True, False] == ["voided" in line for line in lines[2:4]]


def test_providers_have_a_gap_between_them() -> None:
    """There is a gap between the payments of two providers."""
    lines = render([payment(1), payment(2, provider="beta"), payment(3, provider="beta")], 80)

    assert ["acme", "", "beta", "beta"] == [line[:4] for line in lines[2:]]


def test_a_provider_cannot_control_the_terminal() -> None:
    """Escape sequences and markup from a provider are shown as text."""
    lines = render([payment(customer=CustomerRef(name="\x1b[31m[bold]\u202eB.V."))], 80)

    assert "\ufffd[31m[bold]\ufffdB.V." in lines[2]


def in_parts(
    *parts: list[Payment],
    width: int = 80,
    **options: Any,  # noqa: ANN401  # a console's
) -> list[list[str]]:
    """The lines of each part of a long table."""
    settings = {"color_system": None} | options
    tables = PaymentsTables(Console(file=io.StringIO(), width=width, **settings))
    return [[line.rstrip() for line in tables.render_part(payments)] for payments in parts]


def test_a_long_table_keeps_its_columns() -> None:
    """Later parts have no header, and their columns line up with the first part."""
    first, second = in_parts(
        [payment(1, currency="EUR"), payment(2, currency="EUR")],
        [payment(3, amount=Decimal("7.5"))],
    )

    assert "Provider" in first[0]
    assert [["acme", "3", "INV-9", "9", "7.5"]] == [line.split() for line in second]
    assert first[2].index(".33") == second[0].index(".5")


def test_a_long_table_widens_rather_than_cut() -> None:
    """A part that needs wider or more columns begins with a new header."""
    wide = payment(
        2, amount=Decimal("123456789012345678.99"), invoice=InvoiceRef("9", "INV-123456")
    )
    first, second, third = in_parts(
        [payment(1)], [wide], [payment(3, voided_date=date(2026, 2, 1))]
    )

    assert "Provider" in first[0]
    assert ["", "Provider"] == [second[0], second[1].split()[0]]
    assert ["INV-123456", "123,456,789,012,345,678.99"] == second[3].split()[2:5:2]
    assert ["", True] == [third[0], "State" in third[1]]
    assert "voided" in third[3]


def test_providers_have_a_gap_between_them_in_a_long_table() -> None:
    """There is a gap between two providers, within a part and between two parts."""
    others = [payment(3, provider="beta"), payment(4, provider="next")]
    _, second, third = in_parts([payment(1)], [payment(2)], others)

    assert (1, ["", "beta", "", "next"]) == (len(second), [line[:4] for line in third])


def test_wide_characters_take_two_cells_in_a_long_table() -> None:
    """Columns after wide characters line up, and no wide character is cut in half."""
    names = ["株式会社アクメ", "Acme", "株式会社アクメ" * 9, "e\u0301" * 4]
    payments = [payment(n, customer=CustomerRef(name=name)) for n, name in enumerate(names)]
    (lines,) = in_parts(payments, width=64)
    cut = next(line for line in lines if "…" in line)

    assert {cell_len(lines[0].rstrip())} == {cell_len(line) for line in lines[2:]}
    assert cell_len(lines[0][: lines[0].index("Amount")]) == cell_len(cut[: cut.index("883.33")])


def test_a_long_table_marks_voids_in_red() -> None:
    """On a terminal with colours, only the mark of a voided payment is coloured."""
    voided = date(2026, 2, 1)
    payments = [payment(1, voided_date=voided), payment(2), payment(3, voided_date=voided)]
    (lines,) = in_parts(payments, color_system="standard", force_terminal=True)

    assert "\x1b[1m" in lines[0]
    assert [True, False, True] == ["\x1b[31mvoided\x1b[0m" in line for line in lines[2:]]
    assert [2, 0, 2] == [line.count("\x1b") for line in lines[2:]]


def test_an_amount_is_folded_in_a_long_table_too() -> None:
    """If an amount is wider than the terminal, its digits continue on the next line."""
    amount = Decimal(f"{'123456789' * 12}.50")
    (lines,) = in_parts([payment(amount=amount, currency="USD")])

    assert max(map(cell_len, lines)) <= 80
    assert f"{amount:,}USD" == "".join("".join(lines).rpartition("─")[2].split())


@pytest.mark.parametrize("currency", ["EUR", "円"])
def test_wide_currencies_do_not_push_amounts(currency: str) -> None:
    """An amount takes one line even if its currency has wide characters."""
    payments = [payment(1, currency=currency), payment(2)]

    assert 4 == len(render(payments, 80))
    assert render(payments, 80) == in_parts(payments)[0]


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            payment,
            id=st.text(max_size=50),
            amount=st.decimals(-(10**12), 10**12, places=3)
            | st.integers(-(10**12), 10**12).map(Decimal),
            currency=st.sampled_from([None, "EUR", "JPY"]),
            payment_date=st.none() | st.dates(),
            invoice=st.builds(InvoiceRef, st.text(max_size=50), st.none() | st.text(max_size=50)),
            customer=st.none() | st.builds(CustomerRef, name=st.text(max_size=90)),
            external_id=st.none() | st.text(max_size=90),
            source=st.none() | st.text(max_size=90),
            modified_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(80, 250),
)
def test_any_payments_fit_any_width(payments: list[Payment], width: int) -> None:
    """No line is too wide, amounts are exact, and a long table looks the same."""
    lines = render(payments, width)

    assert max(map(cell_len, lines)) <= width
    assert len(payments) + 2 == len(lines)
    assert [lines] == in_parts(payments, width=width)
    assert all(f"{paid.amount:,}" in line for paid, line in zip(payments, lines[2:], strict=True))


def test_an_amount_is_folded_rather_than_cut() -> None:
    """An amount that is wider than the terminal is wrapped, not cut."""
    amount = Decimal(f"{'123456789' * 12}.50")
    text = "".join(render([payment(amount=amount, currency="USD")], 80))

    assert f"{amount:,}USD" == "".join(text.rpartition("─")[2].split())


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (
            26,
            [
                "Id      Client      Amount",
                "──────────────────────────",
                "478650  Client    1.00 EUR",
                "        24034",
                "478651  Client B  2.00 EUR",
            ],
        ),
        (
            23,
            [
                "Id      478650",
                "Client  Client 24034",
                "Amount  1.00 EUR",
                "",
                "Id      478651",
                "Client  Client B",
                "Amount  2.00 EUR",
            ],
        ),
    ],
)
def test_a_table_that_does_not_fit_becomes_a_list(width: int, expected: list[str]) -> None:
    """No id and no amount is cut, at any width."""
    table = plain_table()
    for header, no_wrap in (("Id", True), ("Client", False), ("  Amount", True)):
        table.add_column(header, no_wrap=no_wrap)
    table.add_row("478650", "Client 24034", "1.00 EUR")
    table.add_row("478651", "Client B", "2.00 EUR")
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(fit_table(table, width))

    assert expected == [line.rstrip() for line in captured.get().splitlines()]
