"""Whether a server may have changed one external id into another."""

from __future__ import annotations

import pytest

from paysdk.providers.campfire.paying.external_ids import external_id_fits


@pytest.mark.parametrize(
    ("ours", "kept", "expected"),
    [
        ("Receipt-2026", "receipt-2026", True),
        ("receipt 2026", "receipt  2026 ", True),
        ("März", "Ma\u0308rz", True),
        ("Straße", "STRASSE", True),
        ("receipt-2026-0117", "receipt-20", True),
        ("receipt-über-2026", "receipt-u", False),
        ("receipts-über-2026", "receipts-u", True),
        ("receipts-über-2026", "receipts-\ufffd", False),
        ("receipt-20-über", "receipt-20-\ufffd", True),
        ("order-10", "order-1", False),
        ("receipt-2026", "receipt-2026-0117", False),
        ("order-1", "order-2", False),
    ],
)
def test_external_id_that_a_server_may_have_made_of_ours(
    ours: str, kept: str, expected: bool
) -> None:
    """An external id with another case, Unicode form or spaces, or with a cut end, still fits."""
    assert expected is external_id_fits(ours, kept)


@pytest.mark.parametrize(
    ("ours", "kept", "expected"),
    [
        ("receipt-2026-0117", "receipt20260117", True),
        ("receipt/2026", "receipt_2026", True),
        ("A&B-2026", "A&amp;B-2026", True),
        ("Receipt Müller 2026", "Receipt Muller 2026", True),
        ("Receipt Müller 2026", "Receipt M?ller 2026", True),
        ("Receipt Müller 2026", "Receipt M\ufffdller 2026", True),
        ("Receipt Müller 2026-0117", "Receipt Mller 2026", True),
        ("三月", "??", True),
        ("00117", "117", True),
        ("00117", "1170", False),
        ("receipt-2026-0117", "receipt-2026...", True),
        ("三月", "四月", False),
        ("三月-2026", "四月-2026", False),
        ("Receipt Müller", "Receipt Miller", False),
        ("order-1", "?", False),
        ("order-10", "order-1...", False),
    ],
)
def test_external_id_whose_characters_a_server_may_have_changed(
    ours: str, kept: str, expected: bool
) -> None:
    """An external id with dropped or replaced characters still fits. Other words do not fit."""
    assert expected is external_id_fits(ours, kept)
