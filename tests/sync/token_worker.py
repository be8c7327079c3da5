"""A process that refreshes the tokens "xero" of a store: `token_worker.py PLACE TOKEN_URL`."""

from __future__ import annotations

import asyncio
import sys

from paysdk.oauth2 import OAuth2Client
from paysdk.sync import LeaseLostError, SQLPaymentStore, SQLTokenStore


async def main(place: str, token_url: str) -> None:
    """Print the access token, after the name of an error if the first attempt fails."""
    async with SQLPaymentStore(place) as store:
        client = OAuth2Client(
            token_url,
            "sandbox-client",
            "sandbox-client-words",
            store=SQLTokenStore(store, "xero"),
            grace_seconds=1800,
        )
        async with client:
            try:
                token = await client()
            except LeaseLostError:
                token = f"LeaseLostError {await client()}"
        sys.stdout.write(f"{token}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
