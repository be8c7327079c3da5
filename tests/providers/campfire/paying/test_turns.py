"""Orders under one name take turns: between tasks, between objects, and through ``exclusive``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

from paysdk.errors import ConfigurationError, OutcomeUnknownError, RequestTimeoutError
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from tests.providers.campfire.paying.orders import (
    INVOICE,
    MANUAL,
    NAMED,
    PAY_PATH,
    PLAIN,
    UNNAMED,
    asked,
    ids,
    open_at,
    pay,
    posts,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable


class Shared:
    """An ``exclusive`` of one process: a lock for each name."""

    def __init__(self) -> None:
        self.locks: dict[str, asyncio.Lock] = {}
        self.names: list[str] = []

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncGenerator[None]:
        """Hold a name."""
        self.names.append(name)
        async with self.locks.setdefault(name, asyncio.Lock()):
            yield


async def test_two_objects_that_share_a_lock() -> None:
    """Two objects with one lock take turns, book once, and share their open orders."""
    shared = Shared()
    async with CampfireSandbox(payments=0) as sandbox:
        async with (
            open_at(sandbox, exclusive=shared.exclusive) as one,
            open_at(sandbox, exclusive=shared.exclusive) as other,
        ):
            outcomes = await asyncio.gather(
                *(pay(campfire, PLAIN) for campfire in (one, other) * 5)
            )
            assert 1 == len({outcome.payment_ids for outcome in outcomes}) == posts(sandbox)
        assert [
            f"campfire {sandbox.url} external_id Order-1",
            f"campfire {sandbox.url} invoice 58700",
        ] == sorted(set(shared.names))


async def test_two_objects_that_share_a_lock_share_what_is_in_doubt() -> None:
    """An open order of one object holds its name for the other."""
    shared = Shared()
    async with (
        CampfireSandbox(payments=0, commits_late=True) as sandbox,
        open_at(sandbox, exclusive=shared.exclusive) as one,
        open_at(sandbox, exclusive=shared.exclusive) as other,
    ):
        for campfire in (one, other):
            with pytest.raises(OutcomeUnknownError):
                await pay(campfire, PLAIN)
        assert 1 == posts(sandbox)


async def test_one_lock_for_all_names() -> None:
    """One lock for all names is entered once for each order, which does not wait for itself."""
    lock = asyncio.Lock()
    async with CampfireSandbox(payments=0) as sandbox:
        async with (
            open_at(sandbox, exclusive=lambda _: lock) as one,
            open_at(sandbox, exclusive=lambda _: lock) as other,
        ):
            async with asyncio.timeout(60):
                orders = [
                    (campfire, order) for order in (PLAIN, UNNAMED) for campfire in (one, other) * 2
                ]
                outcomes = await asyncio.gather(
                    *(pay(campfire, order) for campfire, order in orders)
                )
        assert 1 == len({outcome.payment_ids for outcome in outcomes[:4]})
        assert 5 == posts(sandbox) == len(ids(sandbox))
        assert not lock.locked()


async def test_names_that_are_held_stay_short() -> None:
    """A long name ends with its hash, which makes it unique."""
    shared = Shared()
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=shared.exclusive) as campfire,
    ):
        for last in "ab":
            await pay(campfire, attrs.evolve(NAMED, external_id="x" * 255 + last))
    assert 3 == len(set(shared.names))
    assert 200 == max(map(len, shared.names))


@pytest.mark.parametrize("exclusive", ["store", 7, nullcontext()])
def test_an_exclusive_that_cannot_be_called(exclusive: object) -> None:
    """An ``exclusive`` that is not callable is refused when the provider is made."""
    with pytest.raises(ConfigurationError, match="exclusive must be a callable"):
        CampfireProvider("sandbox-key", exclusive=exclusive)  # type: ignore[arg-type]  # refused


async def test_an_exclusive_that_gives_no_context_manager() -> None:
    """An ``exclusive`` without an async context manager is refused before anything is sent."""
    campfire = CampfireProvider("sandbox-key", exclusive=cast("Any", lambda _: None))
    with pytest.raises(ConfigurationError, match="exclusive must return an async context manager"):
        await pay(campfire, PLAIN)


class Manager:
    """A context manager that fails as a test says."""

    def __init__(
        self, enter: Callable[[], object] = lambda: None, leave: Callable[[], object] = lambda: None
    ) -> None:
        self.enter, self.leave = enter, leave

    __slots__ = ("enter", "leave")  # so that nothing can refer to it weakly

    def __call__(self, _: str) -> Manager:
        return self

    async def __aenter__(self) -> object:
        return self.enter()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> bool:
        self.leave()
        return True


def fail() -> None:
    """Fail as a part of the user's program would."""
    raise RuntimeError("the lock broke")


async def test_an_exclusive_that_fails_on_entering() -> None:
    """Nothing is sent, and the error of ``exclusive`` is raised."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Manager(fail)) as campfire,
    ):
        with pytest.raises(RuntimeError, match="the lock broke"):
            await pay(campfire, PLAIN)
        assert () == sandbox.requests


async def test_an_exclusive_that_fails_on_leaving(caplog: pytest.LogCaptureFixture) -> None:
    """The call returns the outcome of the booked order, and logs the failure."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Manager(leave=fail)) as campfire,
    ):
        outcome = await pay(campfire, PLAIN)
        assert ids(sandbox) == outcome.payment_ids
        assert "the lock broke" in caplog.text


async def test_an_exclusive_that_swallows_errors() -> None:
    """An error is raised although ``exclusive`` suppresses it."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Manager()) as campfire,
    ):
        with pytest.raises(ConfigurationError, match="allow_overpayment"):
            await pay(campfire, attrs.evolve(PLAIN, amount=Decimal(5000)))


class Raising(Manager):
    """A context manager that raises the error that it is left with."""

    __slots__ = ()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if error is not None:
            raise error
        return False


async def test_an_exclusive_that_raises_again_what_it_is_left_with(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same error, raised again by ``exclusive``, is not logged as a failure."""
    async with (
        CampfireSandbox(payments=0) as sandbox,
        open_at(sandbox, exclusive=Raising()) as campfire,
    ):
        with pytest.raises(ConfigurationError, match="allow_overpayment"):
            await pay(campfire, attrs.evolve(PLAIN, amount=Decimal(5000)))
        assert "" == caplog.text


async def test_an_exclusive_that_is_never_free() -> None:
    """Waiting for a turn counts for the deadline, and nothing is sent."""
    shared = Shared()
    async with CampfireSandbox(payments=0) as sandbox:
        async with (
            open_at(sandbox, exclusive=shared.exclusive, deadline=0.2) as campfire,
            shared.exclusive(f"campfire {sandbox.url} invoice {INVOICE}"),
        ):
            with pytest.raises(RequestTimeoutError, match="The deadline"):
                await pay(campfire, PLAIN)
        assert () == sandbox.requests


def test_memory_of_a_provider_that_shares_nothing() -> None:
    """Two objects without ``exclusive`` remember nothing of each other."""
    assert (
        CampfireProvider("sandbox-key")._payer.turns._memory
        is not CampfireProvider("sandbox-key")._payer.turns._memory
    )


async def test_tasks_that_pay_one_invoice_take_turns() -> None:
    """Three tasks with one external id make one payment; three without one make three."""
    async with CampfireSandbox(payments=0) as sandbox, open_at(sandbox) as campfire:
        same = await asyncio.gather(
            *(campfire.mark_invoice_paid(58700, empty_transactions=[MANUAL]) for _ in range(3))
        )
        assert 1 == len({outcome.payment_ids for outcome in same})
        assert 1 == asked(sandbox).count(("POST", PAY_PATH))
        each = await asyncio.gather(
            *(
                campfire.mark_invoice_paid(
                    58701, empty_transactions=[attrs.evolve(MANUAL, external_id=None)]
                )
                for _ in range(3)
            )
        )
        assert 3 == len({outcome.payment_ids for outcome in each})
