"""One worker, until it is told to stop by SIGTERM or Ctrl-C. Run as many as there is work for, on any machines."""

from __future__ import annotations

import asyncio

from application import app, store


async def main() -> None:
    """Ten accounts at a time; what is not done ten seconds after the signal is cut off, and another worker goes on with it."""
    async with app.open_async(), store:
        await app.run_worker_async(concurrency=10, shutdown_graceful_timeout=10)


if __name__ == "__main__":
    asyncio.run(main())
