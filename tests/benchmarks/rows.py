"""Records as the documents show them, generated from their numbers."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime

__all__ = [
    "campfire_page",
    "campfire_row",
    "files_page",
    "invoice_payments_page",
    "invoice_row",
    "notify_page",
    "times",
]

_FIRST = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
_HUNDRED_DAYS = 100 * 86_400


def times(rows: int, spread: str) -> array[int]:
    """Return the modification time of each row, in seconds.

    With "uneven", 99 % of the rows are in the middle 1 % of the time. With "three times" there are
    three timestamps in all.
    """
    if spread == "three times":
        return array("q", (_FIRST + row * 3 // rows * 3600 for row in range(rows)))
    if spread == "uneven":
        return array("q", sorted(_FIRST + _uneven(row, rows) for row in range(rows)))
    return array("q", range(_FIRST, _FIRST + rows))


def _uneven(row: int, rows: int) -> int:
    few = max(rows // 100, 1)
    if row < few:
        return _HUNDRED_DAYS * row // few
    return _HUNDRED_DAYS // 2 + _HUNDRED_DAYS // 100 * (row - few) // (rows - few)


def campfire_row(number: int, modified: int, *, later_fields: bool = False) -> str:
    """Make a record of Campfire's List Invoice Payments.

    It has the ten fields of the document, or the twelve of the later schema.
    """
    moment = datetime.fromtimestamp(modified, UTC).isoformat()[:19] + "Z"
    voided = "null" if number % 50 else '"2025-06-30"'
    later = ',"payment_type":"BANK_TRANSACTION","source":"STRIPE"' if later_fields else ""
    return (
        f'{{"id":{1_000_000 + number},"invoice_id":{5000 + number // 2},'
        f'"invoice_number":"INV-{number // 2:07d}",'
        f'"amount":{number % 9000 + 10}.{number * 7 % 100:02d},"currency":"USD",'
        f'"payment_date":"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}"{later},'
        f'"external_id":"btxn_{number:08d}",'
        f'"voided_date":{voided},"created_at":"{moment}","last_modified_at":"{moment}"}}'
    )


def invoice_row(number: int) -> str:
    """Make a record of Campfire's list of invoices: that of payments 2 n and 2 n + 1."""
    return (
        f'{{"id":{5000 + number},"invoice_number":"INV-{number:07d}","status":"paid",'
        f'"currency":"USD","total_amount":100.50,"amount_paid":100.50,"amount_due":0.00,'
        f'"client":{number // 10},"client_name":"Client {number // 10}","entity":1,'
        f'"invoice_date":"2025-01-01","due_date":"2025-02-01"}}'
    )


def campfire_page(rows: list[str], count: int, following: str | None) -> str:
    """Make a page of Campfire. Its link has another host and path, as in the document."""
    link = "null" if following is None else f'"http://api.example.org/accounts/?{following}"'
    return f'{{"count":{count},"results":[{",".join(rows)}],"next":{link},"previous":null}}'


def notify_page(first: int, size: int) -> str:
    """Make a page of Notify's List payments."""
    rows = ",".join(map(_notify_row, range(first, first + size)))
    return f'{{"payments":[{rows}],"count":{size},"links":{{"previous":null,"next":null}}}}'


def _notify_row(number: int) -> str:
    return (
        f'{{"resource":"payments","id":"07d125ef-8e59-4629-8ef5-{number:012d}",'
        f'"date":"{number % 28 + 1:02d}-01-2021","amount":"{number % 9000 + 10}.00",'
        f'"invoice":{{"id":"a0f0660d-6c8d-422b-8114-{number // 2:012d}",'
        f'"number":"{10_000 + number // 2}","invoiceTotal":"{number % 9000 + 480}.00",'
        f'"invoiceBalance":"380.00"}},'
        f'"customer":{{"id":"36cf1c0d-53fe-4c73-8a46-{number // 4:012d}",'
        f'"number":"{10_000 + number // 4}",'
        f'"name":"Creditparters B.V."}}}}'
    )


def files_page(first: int, last: int, *, more: bool) -> str:
    """Make a page of OpenAI's list of files, with nine plain fields each."""
    rows = ",".join(map(_file, range(first, last)))
    return f'{{"object":"list","data":[{rows}],"has_more":{str(more).lower()}}}'


def _file(number: int) -> str:
    return (
        f'{{"id":"file-{number}","object":"file","bytes":{number * 7 % 900_000},'
        f'"created_at":{_FIRST + number},"expires_at":{_FIRST + number},'
        f'"filename":"INV-{number // 2:07d}","purpose":"user_data","status":"processed",'
        f'"status_details":"btxn_{number:08d}"}}'
    )


def invoice_payments_page(first: int, last: int, *, more: bool) -> str:
    """Make a page of Stripe's list of invoice payments, with ten plain fields each."""
    rows = ",".join(map(_invoice_payment, range(first, last)))
    has_more = str(more).lower()
    return f'{{"object":"list","url":"/v1/invoice_payments","has_more":{has_more},"data":[{rows}]}}'


def _invoice_payment(number: int) -> str:
    return (
        f'{{"id":"inpay_{number}","object":"invoice_payment","amount_paid":{number * 7 % 900_000},'
        f'"amount_requested":{number * 7 % 900_000},"created":{_FIRST + number},'
        f'"currency":"usd","invoice":"in_{number // 2:07d}",'
        f'"is_default":true,"livemode":false,"status":"paid"}}'
    )
