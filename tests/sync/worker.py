"""A process that syncs one account, and says how that ended: `worker.py PLACE ORIGIN KEY LEASE`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import attrs

from paysdk import PaysdkError, open_provider
from paysdk.sync import SQLPaymentStore, sync_payments


async def main(place: str, origin: str, api_key: str, lease: str) -> str:
    """Sync, ten payments a page."""
    provider: Any = open_provider("campfire", api_key=api_key, base_url=origin)
    provider.capabilities = attrs.evolve(provider.capabilities, max_page_size=10)
    async with provider, SQLPaymentStore(place) as store:
        try:
            return str(await sync_payments(provider, store, lease=float(lease)))
        except PaysdkError as error:
            return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(main(*sys.argv[1:])))
