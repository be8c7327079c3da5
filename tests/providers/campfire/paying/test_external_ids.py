"""Whether a server may have changed one external id into another."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

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
    """An external id with dropped or replaced characters fits, and other words do not."""
    assert expected is external_id_fits(ours, kept)


OURS = "Müller-Łódź-Größe-2026/17 b"


@pytest.mark.parametrize(
    "kept",
    [
        quote(OURS),
        quote(OURS, safe=""),
        quote(quote(OURS, safe="")),
        quote_plus(OURS),
        OURS.encode("ascii", "backslashreplace").decode(),
        json.dumps(OURS),
        OURS.encode("ascii", "xmlcharrefreplace").decode(),
        OURS.encode().decode("latin-1"),
        OURS.encode().decode("latin-1").encode().decode("latin-1"),
        OURS.encode()[:17].decode("latin-1"),
        "Müller-ód-Größe-2026/17 b",
        "Müller-?ód?-Größe-2026/17 b",
        "Müller-\ufffdód\ufffd-Größe-2026/17 b",
        "Mueller-Lodz-Groesse-2026/17 b",
        "MULLER-LODZ-GROSSE-2026/17 B",
    ],
)
def test_external_id_that_a_server_encoded_in_another_way(kept: str) -> None:
    """An external id that was escaped, read in a wrong charset or spelled in ASCII still fits."""
    assert external_id_fits(OURS, kept)
    assert not external_id_fits(OURS.replace("Müller", "Meier"), kept)


@pytest.mark.parametrize(
    ("ours", "kept", "expected"),
    [
        ("order/2026 17", "order%2F2026%2017", True),
        ("🚀-2026-0117", "\\ud83d\\ude80-2026-0117", True),
        ("🚀-2026-0117", "ðŸš€-2026-0117", True),
        ("🚀-2026-0117", "\\U0001f680-2026-0117", True),
        ("Größe-17", "Gr%F6%DFe-17", True),
        ("Æther-17", "aether-17", True),
        ("Müller-17", "Möller-17", False),
        ("Müller-17", "MÃ¶ller-17", False),
        ("Müller-17", "M%C3%B6ller-17", False),
        ("Müller-17", "Moeller-17", False),
        ("order-2017", "order-%32%30%31%37", True),
        ("order-2017", "order-%32%30%31%38", False),
        ("100%", "100%25", True),
        ("a\\u0062c-17", "a\\u0062c-17", True),
    ],
)
def test_external_id_that_was_encoded_keeps_its_difference(
    ours: str, kept: str, expected: bool
) -> None:
    """An encoded external id fits the one that it was made of, and no other."""
    assert expected is external_id_fits(ours, kept)
