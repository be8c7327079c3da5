"""Cases about checkpoints, from which a listing resumes."""

from __future__ import annotations

from paysdk.checkpoint import Checkpoint
from paysdk.testing.contract.harness import (
    ContractCases,
    checkpoint_after,
    collect_pages,
    collect_payments,
    ids,
    take,
)
from paysdk.testing.contract.promises import case, check, check_equal, wire_case

__all__ = ["CheckpointCases"]


class CheckpointCases(ContractCases):
    """Checkpoints."""

    @case
    async def test_resumes_with_the_rest(self) -> None:
        """A listing that resumes from the checkpoint of a page lists exactly what comes after that
        page.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            everything = ids(await collect_payments(provider.list_payments(page_size=harness.size)))
            given: list[str] = []
            for page in await collect_pages(provider.list_payments(page_size=harness.size)):
                given += ids(list(page.payments))
                if page.checkpoint is not None:
                    rest = ids(
                        await collect_payments(
                            provider.list_payments(page_size=harness.size, resume=page.checkpoint)
                        )
                    )
                    check_equal(
                        everything[len(given) :], rest, f"resumed after {len(given)} payments"
                    )

    @case
    async def test_resumes_with_another_page_size(self) -> None:
        """A listing that resumes with another `page_size`, or with none, still lists exactly the
        rest, and no page is larger than that size.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            begun, checkpoint = await checkpoint_after(
                provider.list_payments(page_size=harness.size)
            )
            known = await collect_payments(provider.list_payments(page_size=harness.size))
            expected = ids(known)
            for size in (None, *harness.sizes[:3]):
                pages = await collect_pages(
                    provider.list_payments(page_size=size, resume=checkpoint)
                )
                what = f"started with page_size={harness.size} and resumed with page_size={size}"
                rest = [payment for page in pages for payment in page.payments]
                check_equal(expected, ids([*begun, *rest]), what)
                largest = max(harness.records_in(page.payments, known) for page in pages)
                check(size is None or largest <= size, f"{what}, a page has {largest} records")

    @case
    async def test_resumes_from_text(self) -> None:
        """`str(checkpoint)` is printable ASCII, parses to an equal checkpoint, and resumes in
        another provider object.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            begun, checkpoint = await checkpoint_after(
                provider.list_payments(page_size=harness.size)
            )
            text = str(checkpoint)
            check(text.isascii() and text.isprintable(), f"the text of the checkpoint is {text!r}")
            check_equal(
                checkpoint, Checkpoint.parse(text), "the checkpoint parsed from its own text"
            )
            expected = ids(await collect_payments(provider.list_payments(page_size=harness.size)))
            rest = await collect_payments(
                harness.provider().list_payments(page_size=harness.size, resume=text)
            )
            check_equal(expected, ids([*begun, *rest]), "resumed from the text, in another object")

    @case
    async def test_resumes_a_resumed_listing(self) -> None:
        """A resumed listing has checkpoints that resume it again, and its last page has none."""
        async with self.harness() as harness:
            provider = harness.provider()
            expected = ids(await collect_payments(provider.list_payments(page_size=harness.size)))
            given: list[str] = []
            resume: Checkpoint | None = None
            for _ in range(len(expected) + 1):
                page = (
                    await take(
                        provider.list_payments(page_size=harness.size, resume=resume).pages(), 1
                    )
                )[0]
                given += ids(list(page.payments))
                resume = page.checkpoint
                if resume is None:
                    break
            check_equal(
                expected,
                given,
                "one page after another, each resumed from the checkpoint of the previous page",
            )

    @wire_case
    async def test_resumes_without_repeating_requests(self) -> None:
        """A resumed listing requests only the rest, and not the pages before it."""
        async with self.harness() as harness:
            provider = harness.provider()
            pages = await collect_pages(provider.list_payments(page_size=harness.size))
            known = [payment for page in pages for payment in page.payments]
            asked = len(harness.proxy.responses)
            last = pages[-2].checkpoint
            check(last is not None, "the last page but one has no checkpoint")
            await collect_payments(provider.list_payments(page_size=harness.size, resume=last))
            read = harness.pages_seen(known, asked)
            # If pages overlap, one with only an old payment may come after the last one.
            check(not read[2:], f"resuming before the last page read {len(read)} pages")
