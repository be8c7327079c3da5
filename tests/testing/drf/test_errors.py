"""Error responses of Django REST framework."""

from __future__ import annotations

from decimal import Decimal

from paysdk.testing import drf


def test_amounts_are_numbers_with_their_digits() -> None:
    """A Decimal is sent as a JSON number, with trailing zeros."""
    assert b'{"amount":1200.50}' == drf.json_response(200, {"amount": Decimal("1200.50")}).body


def test_detail() -> None:
    """An error about no field has its text in detail, and the given headers."""
    response = drf.detail_response(401, "No.", {"WWW-Authenticate": "Token"})

    assert (401, b'{"detail":"No."}') == (response.status, response.body)
    assert {"Content-Type": "application/json", "WWW-Authenticate": "Token"} == response.headers


def test_not_found_page_is_html_and_escaped() -> None:
    """The requested path is shown, escaped."""
    response = drf.not_found_page("/<b>")

    assert (404, "text/html; charset=utf-8") == (response.status, response.headers["Content-Type"])
    assert b"<p>/&lt;b&gt;</p>" in response.body
