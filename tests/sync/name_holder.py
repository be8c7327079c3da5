"""Hold names.

The arguments are `PLACE hold NAME ORDER` or `PLACE count FILE TASKS ROUNDS`.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from paysdk import PaysdkError
from paysdk.orders import OpenOrder
from paysdk.sync import SQLPaymentStore


async def hold(store: SQLPaymentStore, name: str, order_id: str) -> None:
    """Hold the name, record an order, and record another one for each line of input."""
    async with store.exclusive(name) as journal:
        number = 0
        while True:
            order = OpenOrder(
                id=f"{order_id}{number or ''}", sent_at=datetime.now(UTC), details="{}"
            )
            try:
                await journal.record_sent(order)
            except PaysdkError as error:
                say(f"{type(error).__name__}: {error}")
                return
            say("held")
            await asyncio.to_thread(sys.stdin.readline)
            number += 1


async def count(store: SQLPaymentStore, file: Path, tasks: int, rounds: int) -> None:
    """Add one to the number in the file, *rounds* times in each task.

    Another task could come between the two steps of an addition.
    """

    async def add() -> None:
        for _ in range(rounds):
            async with store.exclusive("counter"):
                number = int(await asyncio.to_thread(file.read_text))
                await asyncio.to_thread(file.write_text, str(number + 1))

    await asyncio.gather(*(add() for _ in range(tasks)))


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(place: str, work: str, *given: str) -> None:
    """Run the command of the arguments."""
    async with SQLPaymentStore(place) as store:
        if work == "hold":
            await hold(store, *given)
        else:
            file, tasks, rounds = given
            await count(store, Path(file), int(tasks), int(rounds))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
