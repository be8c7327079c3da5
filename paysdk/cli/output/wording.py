"""The words of the library in the words of the command line.

A message of the library is written for a program, and names its arguments and methods. A person at
a terminal has options and commands instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WORDS", "reword"]

# A test checks that each pattern matches a message in paysdk's source code. A message that a server
# sent is not changed, because it has none of these phrases.
WORDS: Mapping[str, str] = {
    # Listings
    r"page_size (?=must)": "--page-size ",
    r"with a larger page_size": "with a larger --page-size",
    r"modified_since (?=\()": "--since ",
    r"modified_until (?=\()": "--until ",
    r"cannot filter by modified_since": "cannot filter by --since",
    r"cannot filter by modified_until": "cannot filter by --until",
    r"cannot filter by voided": "cannot filter by --voided",
    r"Pass a Page\.checkpoint, an error\.checkpoint, or its str\(\) unchanged": (
        "Give --resume the checkpoint unchanged, as an error or a program has shown it"
    ),
    # Following
    r"again with since= a time": "again with --since and a time",
    r"and max_known=(\S+) is the most that is remembered\. Raise max_known, where each payment "
    r"takes about 250 bytes of memory, or follow a database: sync with sync_payments, and use "
    r"store\.follow": r"and \1 is the most that is remembered. Use 'paysdk sync' now and then",
    # Stores
    r"full=True \(--full\)": "--full",
    r"full=True, allow_vanish=True \(--full --allow-vanish\)": "--full --allow-vanish",
    r'\(schema="paysdk", or \?schema=paysdk in the URL\)': "(?schema=paysdk in the URL)",
    # Networks
    r"Check base_url\b": "Check the base URL",
    r"\bbase_url (?=is|contains|must|may)": "the base URL ",
    r"the proxy of your session": "the proxy",
    r", or pass ssl_context= in a program": "",
    r", or in the ssl_context= of a program": "",
    r", or give the provider a limiter": "",
    r"\bapi_key (?=is empty|contains)": "the key ",
    # Orders and voids
    r"If they are other payments, pass their ids in other_payments=": (
        "If they are other payments, book this one in Campfire"
    ),
    r"To book it again, pass rebook_voided=True": (
        "To book it again, order that in a plan with --rebook"
    ),
    r"If you want that, pass allow_overpayment=True": "If you want that, book it in Campfire",
    r"If you want that, pass allow_refund=True": "If you want that, void it in Campfire",
    r"Look with error\.check\(\) or retrieve_invoice": "Look at the invoice in Campfire",
    r"call release_orders\([^)]*\)(?: and pay again)?": "release it with 'paysdk book release'",
    r"void the others with void_payment": "void the others in Campfire",
    r"list_payments yields each payment with the id of its invoice": (
        "'paysdk list campfire' shows the invoice of each payment"
    ),
    r"\bmark_invoice_paid\(([^)]*)\)": r"the order for invoice \1",
    r"\bvoid_payment\(([^,)]*), ([^)]*)\)": r"the void of payment \2 of invoice \1",
    # Bookings
    r"Give one: BookingPolicy\([^)]*\), or a TOML file": (
        "Give one with --policy: a TOML file with currency, entity, account_id, account_name, "
        "since and max_amount"
    ),
    r": it has no booking_target\(\)": "",
    r"unknown, drafted or void_requested": "unknown, drafted or void requested",
    r"must be a finite decimal\.Decimal above 0": "must be an amount above 0",
}
_COMPILED = [(re.compile(pattern), words) for pattern, words in WORDS.items()]


def reword(text: str) -> str:
    """Return a message with options and commands in place of arguments and methods."""
    for pattern, words in _COMPILED:
        text = pattern.sub(words, text)
    return text
