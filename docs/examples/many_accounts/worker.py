"""One worker, which runs until SIGTERM or Ctrl-C. Run any number of them, on any machines."""

from __future__ import annotations

import asyncio

from application import app, store


async def main() -> None:
    """Sync ten accounts at a time.

    Ten seconds after the signal, jobs that are not done are cancelled, and another worker continues
    them.
    """
    async with app.open_async(), store:
        await app.run_worker_async(concurrency=10, shutdown_graceful_timeout=10)


if __name__ == "__main__":
    asyncio.run(main())
