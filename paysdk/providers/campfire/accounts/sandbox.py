"""The accounts of Campfire's sandbox. Pure.

Every field of the API's schema is there. The ids, names and types are made up, except for account
2553, which is in the documents' sample of a payment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from paysdk.testing.records import Row

__all__ = ["CLEARING_ID", "make_accounts", "make_settings"]

CLEARING_ID = 2561
_FIRST_UUID = UUID("00000000-0000-4000-8000-000000000000").int
# id, number, name, type, subtype, status
_CHART = (
    (2551, "1000", "Operating Bank", "ASSET", "BANK", "ACTIVE"),
    (2553, "1100", "Accounts Receivable", "ASSET", "ACCOUNTS_RECEIVABLE", "ACTIVE"),
    (2557, "2300", "Unapplied Credits", "LIABILITY", "UNAPPLIED_CREDITS", "ACTIVE"),
    (CLEARING_ID, "1050", "Payments Clearing", "ASSET", "OTHER_CURRENT_ASSET", "ACTIVE"),
    (2563, "6200", "Processing Fees", "OPERATING_EXPENSES", "EXPENSE", "ACTIVE"),
    (2567, "6300", "Bad Debt", "OPERATING_EXPENSES", "EXPENSE", "ACTIVE"),
    (2569, "1090", "Old Clearing", "ASSET", "OTHER_CURRENT_ASSET", "INACTIVE"),
)
# The accounts of the settings that the sandbox fills. The others are null.
_DEFAULTS = {
    "default_clearing": CLEARING_ID,
    "accounts_receivable": 2553,
    "unapplied_credits": 2557,
    "processing_fees": 2563,
    "bad_debt_account": 2567,
}
_EMPTY = (
    *("uncategorized", "accounts_payable", "deferred_revenue", "accrued_revenue"),
    *("unrealized_gain_loss", "realized_gain_loss", "rounding_account", "unapplied_debits"),
    *("unbilled_revenue", "discount_account", "accrued_discount_account"),
    *("unbilled_discount_account", "refund_account", "platform_fees"),
    *("deferred_processing_fees", "tax_account", "payout_account", "cta_account"),
    *("oci_translation_account", "fixed_asset_disposal", "dispute_expense_account"),
    "dispute_reinstatement_account",
)
_TENANT = 1
_CREATED = "2024-11-01T09:00:00+0000"


def make_accounts() -> list[Row]:
    """The chart of accounts, with every field of the schema."""
    return [_make_account(*account) for account in _CHART]


def _make_account(account_id: int, number: str, *words: str) -> Row:
    name, kind, subtype, status = words
    return {
        "id": account_id,
        "is_deleted": False,
        "deleted_at": None,
        "reconciliation_ending_date": None,
        "reconciliation_ending_balance": None,
        "balance_ytd": 0,
        "name_and_number": f"{number} - {name}",
        "parent_name_and_number": None,
        "sort_key": number,
        "has_associated_data": True,
        "last_modified_at": _CREATED,
        "account_id": str(UUID(int=_FIRST_UUID + account_id)),
        "number": number,
        "currency": "USD",
        "name": name,
        "nickname": None,
        "description": None,
        "status": status,
        "account_type": kind,
        "account_subtype": subtype,
        "account_cashflow_classification": "OPERATING",
        "include_in_eliminations": False,
        "include_in_revaluations": False,
        "protected": False,
        "skip_subledger_validation": False,
        "external_id": None,
        "created_at": _CREATED,
        "last_recompute_balance_at": None,
        "lock_recompute_balance_key": None,
        "current_balance": 0,
        "current_balance_book": 0,
        "lineage_array": [],
        "customer": _TENANT,
        "parent": None,
        "parent_bank_account": None,
        "default_department": None,
        "default_tags": [],
    }


def make_settings(*, split: bool) -> Row:
    """The account settings. *split* is whether payments are split by line."""
    names = {account["id"]: account["name_and_number"] for account in make_accounts()}
    accounts = {**dict.fromkeys(_EMPTY), **_DEFAULTS}
    return {
        "id": 1,
        **{f"{name}_name_and_number": names.get(value, "") for name, value in accounts.items()},
        "recognize_discounts_as_contra_revenue": False,
        "enable_mid_month_convention": False,
        "mid_month_threshold": 15,
        "use_whole_month_accounting_for_prepaids": False,
        "split_invoice_payments_by_line": split,
        "split_eliminations_by_department": False,
        "customer": _TENANT,
        **accounts,
    }
