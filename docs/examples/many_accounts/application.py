"""An application that syncs many accounts: its queue, its store, its accounts and its schedule."""

from __future__ import annotations

import json
import os
from pathlib import Path

from procrastinate import App, PsycopgConnector

from paysdk import CampfireProvider, ConfigurationError, NotifyProvider, PaymentsProvider
from paysdk.sync import SQLPaymentStore
from paysdk.sync.workers import sync_tasks

# A worker makes up for a schedule that was missed by a minute at most: the next one is soon.
app = App(
    connector=PsycopgConnector(conninfo=os.environ["DATABASE_URL"]),
    periodic_defaults={"max_delay": 60},
)
store = SQLPaymentStore(os.environ["DATABASE_URL"])

# In place of the application's table of accounts and its vault of keys: by provider and account,
# the settings to open it with.
known: dict[str, dict[str, dict[str, str]]] = json.loads(Path(os.environ["ACCOUNTS"]).read_text())
# open_provider would look through everything that is installed, each time.
PROVIDERS: dict[str, type[CampfireProvider | NotifyProvider]] = {
    "campfire": CampfireProvider,
    "notify": NotifyProvider,
}


def accounts() -> list[tuple[str, str]]:
    """All accounts, by provider and name."""
    return [
        (provider, account) for provider, of_provider in known.items() for account in of_provider
    ]


async def open_account(provider: str, account: str) -> PaymentsProvider:
    """Return a provider with the account's key. The worker looks the key up. No job contains it."""
    if account not in known.get(provider, {}):
        raise ConfigurationError(f"{provider!r} has no account {account!r} here.")
    settings = known[provider][account]
    return PROVIDERS[provider](settings["api_key"], base_url=settings["base_url"])


syncs = sync_tasks(app, store, open_account=open_account)


@app.periodic(cron="*/15 * * * *")
@app.task
async def sync_all(timestamp: int) -> None:
    """Sync the changes of all accounts every quarter of an hour."""
    await syncs.defer(accounts())


@app.periodic(cron="30 2 * * 0")
@app.task
async def sync_all_fully(timestamp: int) -> None:
    """Sync all accounts completely in the night to Sunday, which also finds vanished payments."""
    await syncs.defer(accounts(), full=True)
