"""Keep a provider's payments up to date in your own database.

It needs the extra ``sync``, or ``postgres`` for PostgreSQL.
"""

from __future__ import annotations

from importlib.util import find_spec

from paysdk.distribution import describe_missing

if find_spec("sqlalchemy") is None:
    raise ModuleNotFoundError(
        describe_missing("paysdk.sync", "sqlalchemy", "sync"), name="sqlalchemy"
    )

from paysdk.sync.changes import Change
from paysdk.sync.errors import AccountBusyError, LeaseLostError, StoreError, TooManyVanishedError
from paysdk.sync.report import SyncReport
from paysdk.sync.store import SQLPaymentStore, StoredPayment
from paysdk.sync.syncing import sync_payments
from paysdk.sync.tokens import SQLTokenStore
from paysdk.sync.vanishing import VanishLimit

__all__ = [
    "AccountBusyError",
    "Change",
    "LeaseLostError",
    "SQLPaymentStore",
    "SQLTokenStore",
    "StoreError",
    "StoredPayment",
    "SyncReport",
    "TooManyVanishedError",
    "VanishLimit",
    "sync_payments",
]
