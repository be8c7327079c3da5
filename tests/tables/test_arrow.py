"""Arrow tables."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paysdk import CampfireProvider, ConfigurationError
from paysdk.tables import to_arrow
from paysdk.tables.columns import COLUMNS
from paysdk.testing import open_sandbox
from tests.tables.rows import REQUIRED, as_async, of_amount, of_total, payment

# A sum of two amounts with these digits has no more than a decimal of Arrow.
AMOUNTS = st.builds(
    lambda digits, exponent, sign: Decimal(digits).scaleb(exponent, Context(prec=100)) * sign,
    st.integers(0, 10**35 - 1),
    st.integers(-30, 5),
    st.sampled_from([1, -1]),
)


def amount_type(table: Any) -> str:  # noqa: ANN401  # pyarrow ships no types
    """The type of the amounts of a table."""
    return str(table.schema.field("amount").type)


async def test_each_column_has_the_type_of_its_field() -> None:
    """Amounts are decimals, days and times are what they are, and words are dictionaries."""
    table = await to_arrow([payment()])

    word = "dictionary<values=string, indices=int32, ordered=0>"
    assert {
        **dict.fromkeys(COLUMNS, "string"),
        **dict.fromkeys(("provider", "currency", "source"), word),
        **dict.fromkeys(("amount", "invoice_total", "invoice_balance"), "decimal128(38, 2)"),
        **dict.fromkeys(("payment_date", "voided_date"), "date32[day]"),
        **dict.fromkeys(("created_at", "modified_at"), "timestamp[us, tz=UTC]"),
        "voided": "bool",
    } == {field.name: str(field.type) for field in table.schema}
    assert list(COLUMNS) == table.column_names


async def test_each_value_comes_back() -> None:
    """A table holds what the payments hold, also where a field is missing."""
    whole, sparse = (await to_arrow([payment(), REQUIRED])).to_pylist()

    assert {
        "provider": "campfire",
        "id": "123",
        "amount": Decimal("100.10"),
        "currency": "EUR",
        "payment_date": payment().payment_date,
        "invoice_id": "7",
        "invoice_number": "INV-7",
        "invoice_total": Decimal("480.00"),
        "invoice_balance": Decimal("379.90"),
        "customer_id": "3",
        "customer_number": "10003",
        "customer_name": "Creditparters B.V.",
        "external_id": "btxn_1",
        "source": "STRIPE",
        "voided_date": payment().voided_date,
        "created_at": payment().created_at,
        "modified_at": payment().modified_at,
        "voided": True,
    } == whole
    given = {"provider": "other", "id": "1", "amount": Decimal(1), "invoice_id": "2"}
    assert {**dict.fromkeys(COLUMNS), **given, "voided": False} == sparse


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
        (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        (
            datetime(2026, 1, 2, 3, 4, 5, 678901, timezone(timedelta(hours=2))),
            datetime(2026, 1, 2, 1, 4, 5, 678901, UTC),
        ),
        (datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),  # noqa: DTZ001
    ],
    ids=["first", "last", "with an offset", "without an offset"],
)
async def test_times_are_in_utc_to_the_microsecond(moment: datetime, expected: datetime) -> None:
    """A table holds each time as UTC, and takes one without an offset as UTC."""
    table = await to_arrow([payment(created_at=moment), REQUIRED])

    assert [expected, None] == table.column("created_at").to_pylist()


@pytest.mark.parametrize(
    ("amounts", "kind"),
    [
        (["1", "20"], "decimal128(38, 0)"),
        (["1.5", "2.25"], "decimal128(38, 2)"),
        (["1.5", "0.00125"], "decimal128(38, 5)"),
        (["1E+3", "0.1"], "decimal128(38, 1)"),
        (["-0.001"], "decimal128(38, 3)"),
        (["9" * 36 + ".99"], "decimal128(38, 2)"),
        (["9" * 36 + ".99", "0.001"], "decimal256(76, 3)"),
        (["9" * 37 + ".99"], "decimal256(76, 2)"),
        (["9" * 74 + ".99"], "decimal256(76, 2)"),
        (["480.00"], "decimal128(38, 2)"),
        (["0E-3"], "decimal128(38, 3)"),
        (["0E+37", "0.01"], "decimal128(38, 2)"),
        (["0E+999999"], "decimal128(38, 0)"),
    ],
)
@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("apart", [False, True])
async def test_amounts_decide_their_type(
    amounts: list[str], kind: str, turn: int, *, apart: bool
) -> None:
    """The smallest decimal that holds every amount is chosen, in any order and any batch."""
    gap = [of_amount("0")] * (2000 if apart else 0)
    payments = [each for amount in amounts[::turn] for each in (of_amount(amount), *gap)]

    table = await to_arrow(payments)

    assert kind == amount_type(table)
    assert [each.amount for each in payments] == table.column("amount").to_pylist()


@given(before=st.lists(AMOUNTS, max_size=3), after=st.lists(AMOUNTS, max_size=3))
async def test_no_amount_is_rounded(before: list[Decimal], after: list[Decimal]) -> None:
    """Every amount comes back exactly, whatever came in the batches before it."""
    gap = [Decimal(0)] * (2000 - len(before))
    amounts = [*before, *gap, *after]

    table = await to_arrow([of_amount(str(amount)) for amount in amounts])

    assert amounts == table.column("amount").to_pylist()


@pytest.mark.parametrize("amount", ["1E+76", "1E-77", "9" * 77, "1E+999999"])
async def test_an_amount_without_a_type_is_refused(amount: str) -> None:
    """The message names the payment and the formats that take it."""
    with pytest.raises(ConfigurationError) as caught:
        await to_arrow([of_amount("1.50"), of_amount(amount, id="77")])

    assert "Payment '77' of other has amount " in str(caught.value)
    assert "JSON lines or CSV" in str(caught.value)


async def test_two_amounts_can_need_too_much_together() -> None:
    """One is too long before the point for the digits that the other needs after it."""
    with pytest.raises(ConfigurationError, match="needs 70 digits before the point and 10 after"):
        await to_arrow([of_amount("1E-10"), *[REQUIRED] * 2000, of_amount("9" * 70)])


async def test_each_column_of_amounts_is_checked() -> None:
    """The message names the field, and most payments have no total of their invoice."""
    with pytest.raises(ConfigurationError, match=r"has invoice_total 1\.00000E\+99\. With it"):
        await to_arrow([REQUIRED, of_total("1E+99"), REQUIRED])


async def test_every_source_gives_the_same_table() -> None:
    """A list, a generator, an async iterable and a listing are read alike."""
    async with (
        open_sandbox("campfire", payments=30) as sandbox,
        CampfireProvider(sandbox.api_key, base_url=sandbox.url) as campfire,
    ):
        payments = await campfire.list_payments().collect()
        listed = await to_arrow(campfire.list_payments(page_size=7))

    for source in (payments, iter(payments), as_async(payments)):
        assert listed == await to_arrow(source)
    assert [each.amount for each in payments] == listed.column("amount").to_pylist()


async def test_no_payments_are_an_empty_table() -> None:
    """It has every column."""
    table = await to_arrow([])

    assert (0, list(COLUMNS)) == (table.num_rows, table.column_names)


async def test_a_text_that_is_no_unicode_is_escaped() -> None:
    """UTF-8 has no bytes for a lone surrogate, so the text has its escape."""
    table = await to_arrow([attrs.evolve(REQUIRED, external_id="a\ud800b"), REQUIRED])

    assert ["a\\ud800b", None] == table.column("external_id").to_pylist()


async def test_batches_share_their_dictionaries() -> None:
    """Words of different batches are in one dictionary, which some readers need."""
    batch = [attrs.evolve(REQUIRED, currency="EUR")] * 2000
    table = await to_arrow([*batch, attrs.evolve(REQUIRED, currency="USD")])

    chunks = table.column("currency").chunks
    assert [["EUR", "USD"]] * 2 == [chunk.dictionary.to_pylist() for chunk in chunks]


async def test_what_cannot_be_iterated_over_is_refused() -> None:
    """The error comes before anything is read."""
    with pytest.raises(ConfigurationError, match="payments must be payments to iterate over"):
        await to_arrow(7)  # type: ignore[arg-type]  # wrong on purpose


def test_a_missing_extra_is_named() -> None:
    """The message has the command that installs it."""
    source = "import sys; sys.modules['pyarrow'] = None; from paysdk.tables import to_arrow"
    done = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True
    )

    assert (
        "ModuleNotFoundError: An Arrow table needs pyarrow, which is not installed: "
        'pip install "paysdk-async[arrow]"' in done.stderr
    )
