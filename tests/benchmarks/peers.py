"""What paysdk is compared with: hand-written loops, and two SDKs known for their pagination."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import openai
import pydantic
import stripe

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable

__all__ = ["bare_pages", "careful_pages", "model_pages", "openai_files", "stripe_payments"]

_PATH = "/coa/api/v1/invoice-payments"


async def _body(session: aiohttp.ClientSession, origin: str, query: str) -> bytes:
    async with session.get(
        f"{origin}{_PATH}?{query}", headers={"Authorization": "Token sandbox-key"}
    ) as response:
        response.raise_for_status()
        return await response.read()


def _query(link: str | None) -> str:
    return link.partition("?")[2] if link else ""


async def bare_pages(origin: str, page_size: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield pages of dicts with floats and text, as `json.loads` returns them."""
    query = f"cursor=&limit={page_size}"
    async with aiohttp.ClientSession() as session:
        while query:
            page = json.loads(await _body(session, origin, query))
            yield page["results"]
            query = _query(page["next"])


@dataclass(frozen=True, slots=True)
class CarefulPayment:
    """The dataclass that a careful user writes."""

    id: int
    invoice_id: int
    invoice_number: str
    amount: Decimal
    currency: str
    payment_date: date | None
    external_id: str | None
    voided_date: date | None
    created_at: datetime
    modified_at: datetime
    raw: dict[str, Any]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _careful(record: dict[str, Any]) -> CarefulPayment:
    return CarefulPayment(
        id=record["id"],
        invoice_id=record["invoice_id"],
        invoice_number=record["invoice_number"],
        amount=Decimal(record["amount"]),
        currency=record["currency"],
        payment_date=_day(record["payment_date"]),
        external_id=record["external_id"],
        voided_date=_day(record["voided_date"]),
        created_at=datetime.fromisoformat(record["created_at"]),
        modified_at=datetime.fromisoformat(record["last_modified_at"]),
        raw=record,
    )


async def careful_pages(origin: str, page_size: int) -> AsyncIterator[Iterable[CarefulPayment]]:
    """Yield pages with decimals, dates and times in a frozen dataclass that keeps the record."""
    query = f"cursor=&limit={page_size}"
    async with aiohttp.ClientSession() as session:
        while query:
            page = json.loads(await _body(session, origin, query), parse_float=Decimal)
            yield map(_careful, page["results"])
            query = _query(page["next"])


class ModelledPayment(pydantic.BaseModel):
    """The same fields as a model, without the record."""

    model_config = pydantic.ConfigDict(frozen=True)

    id: int
    invoice_id: int
    invoice_number: str
    amount: Decimal
    currency: str
    payment_date: date | None
    external_id: str | None
    voided_date: date | None
    created_at: datetime
    last_modified_at: datetime


class ModelledPage(pydantic.BaseModel):
    """A page of models."""

    count: int
    results: list[ModelledPayment]
    next: str | None


async def model_pages(origin: str, page_size: int) -> AsyncIterator[list[ModelledPayment]]:
    """Yield pages of models that pydantic makes from the bytes of a page."""
    query = f"cursor=&limit={page_size}"
    async with aiohttp.ClientSession() as session:
        while query:
            page = ModelledPage.model_validate_json(await _body(session, origin, query))
            yield page.results
            query = _query(page.next)


@asynccontextmanager
async def openai_files(origin: str, page_size: int) -> AsyncIterator[AsyncIterable[Any]]:
    """List OpenAI's files with its `AsyncPaginator`."""
    async with openai.AsyncOpenAI(api_key="sandbox-key", base_url=f"{origin}/v1") as client:
        yield client.files.list(limit=page_size)


@asynccontextmanager
async def stripe_payments(origin: str, page_size: int) -> AsyncIterator[AsyncIterable[Any]]:
    """List Stripe's invoice payments with its `auto_paging_iter`, over aiohttp."""
    http = stripe.AIOHTTPClient()
    client = stripe.StripeClient("sandbox-key", base_addresses={"api": origin}, http_client=http)
    try:
        page = await client.v1.invoice_payments.list_async({"limit": page_size})
        yield page.auto_paging_iter()
    finally:
        await http.close_async()
