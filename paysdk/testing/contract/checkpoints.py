"""Cases about checkpoints, from which a listing resumes."""

from __future__ import annotations

from paysdk.checkpoint import Checkpoint
from paysdk.testing.contract.harness import (
    ContractCases,
    checkpoint_after,
    ids,
    pages_of,
    payments_of,
    take,
)
from paysdk.testing.contract.promises import case, check, check_equal, wire_case

__all__ = ["CheckpointCases"]


class CheckpointCases(ContractCases):
    """Checkpoints."""

    @case
    async def test_resumes_with_the_rest(self) -> None:
        """A listing that is resumed from a page's checkpoint gives exactly what came after that
        page.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            everything = ids(await payments_of(provider.list_payments(page_size=2)))
            given: list[str] = []
            for page in await pages_of(provider.list_payments(page_size=2)):
                given += ids(list(page.payments))
                if page.checkpoint is not None:
                    rest = ids(
                        await payments_of(
                            provider.list_payments(page_size=2, resume=page.checkpoint)
                        )
                    )
                    check_equal(
                        everything[len(given) :], rest, f"resumed after {len(given)} payments"
                    )

    @case
    async def test_resumes_with_another_page_size(self) -> None:
        """Resuming with another `page_size`, or with none, gives the rest all the same."""
        async with self.harness() as harness:
            provider = harness.provider()
            begun, checkpoint = await checkpoint_after(provider.list_payments(page_size=2))
            expected = ids(await payments_of(provider.list_payments(page_size=2)))
            for size in (None, 1, 3):
                rest = await payments_of(provider.list_payments(page_size=size, resume=checkpoint))
                check_equal(
                    expected,
                    ids([*begun, *rest]),
                    f"started with page_size=2 and resumed with page_size={size}",
                )

    @case
    async def test_resumes_from_text(self) -> None:
        """`str(checkpoint)` is printable ASCII, says the same as the checkpoint, and resumes in
        another provider object.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            begun, checkpoint = await checkpoint_after(provider.list_payments(page_size=2))
            text = str(checkpoint)
            check(text.isascii() and text.isprintable(), f"the text of the checkpoint is {text!r}")
            check_equal(
                checkpoint, Checkpoint.parse(text), "the checkpoint parsed from its own text"
            )
            expected = ids(await payments_of(provider.list_payments(page_size=2)))
            rest = await payments_of(harness.provider().list_payments(page_size=2, resume=text))
            check_equal(expected, ids([*begun, *rest]), "resumed from the text, in another object")

    @case
    async def test_resumes_a_resumed_listing(self) -> None:
        """The checkpoints of a listing that was resumed are as good as any, and the last page has
        none.
        """
        async with self.harness() as harness:
            provider = harness.provider()
            expected = ids(await payments_of(provider.list_payments(page_size=2)))
            given: list[str] = []
            resume: Checkpoint | None = None
            for _ in range(len(expected) + 1):
                page = (await take(provider.list_payments(page_size=2, resume=resume).pages(), 1))[
                    0
                ]
                given += ids(list(page.payments))
                resume = page.checkpoint
                if resume is None:
                    break
            check_equal(
                expected,
                given,
                "one page after another, each resumed from the checkpoint of the one before",
            )

    @wire_case
    async def test_resumes_without_asking_again(self) -> None:
        """A resumed listing asks for the rest only, and not for the pages before it."""
        async with self.harness() as harness:
            provider = harness.provider()
            pages = await pages_of(provider.list_payments(page_size=2))
            asked = harness.requests
            last = pages[-2].checkpoint
            check(last is not None, "the last page but one has no checkpoint")
            await payments_of(provider.list_payments(page_size=2, resume=last))
            check(
                harness.requests - asked <= 2,  # noqa: PLR2004
                f"resuming before the last page took {harness.requests - asked} requests",
            )
