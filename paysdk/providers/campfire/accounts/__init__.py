"""Campfire's chart of accounts, and the accounts that the organisation uses by default."""
