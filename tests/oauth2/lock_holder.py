"""A process that holds the lock of a file of tokens: `lock_holder.py PATH`.

`lock_holder.py PATH fork` also forks a child.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from paysdk.oauth2 import FileTokenStore


async def main(path: str, *rest: str) -> None:
    """Hold it until this process is killed."""
    async with FileTokenStore(path).lock():
        child = os.fork() if rest else None
        if child == 0:
            os.close(sys.stdout.fileno())  # so that the test does not wait for it
        else:
            sys.stdout.write(f"held {child}\n")
            sys.stdout.flush()
        time.sleep(600)  # noqa: ASYNC251  # nothing else runs here


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
