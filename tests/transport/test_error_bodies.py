"""Error bodies of many APIs are understood."""

from __future__ import annotations

from typing import Any

import pytest

from paysdk.transport.error_bodies import explain_parsed_body, is_error_name
from paysdk.transport.messages import ErrorDetails

BODIES: dict[str, tuple[Any, ErrorDetails]] = {
    "Django REST Framework: detail": ({"detail": "Not found."}, ErrorDetails(detail="Not found.")),
    "Django REST Framework: fields": (
        {"amount": ["Too small."], "lines": [{"tax": ["Unknown."]}, {}], "day": ["Bad.", "Old."]},
        ErrorDetails(
            detail="amount: Too small.; lines.tax: Unknown.; day: Bad. Old.",
            fields={
                "amount": ("Too small.",),
                "lines.tax": ("Unknown.",),
                "day": ("Bad.", "Old."),
            },
        ),
    ),
    "Django REST Framework: no field": (
        {"non_field_errors": ["Choose one."]},
        ErrorDetails(detail="Choose one."),
    ),
    "Django REST Framework: list": (["One.", "Two."], ErrorDetails(detail="One.; Two.")),
    "a field that is called code": (
        {"code": ["Taken."]},
        ErrorDetails(detail="code: Taken.", fields={"code": ("Taken.",)}),
    ),
    "an object in a field": (
        {"client": {"name": ["Empty."]}},
        ErrorDetails(detail="client.name: Empty.", fields={"client.name": ("Empty.",)}),
    ),
    "a field and an object with the names of errors": (
        {"amount": ["Too small."], "client": {"message": ["Too long."]}},
        ErrorDetails(
            detail="amount: Too small.; client.message: Too long.",
            fields={"amount": ("Too small.",), "client.message": ("Too long.",)},
        ),
    ),
    "a message and fields": (
        {"message": "Invalid.", "amount": ["Too small."]},
        ErrorDetails(detail="Invalid.; amount: Too small.", fields={"amount": ("Too small.",)}),
    ),
    "Notify": (
        {"status": 400, "title": "Bad Request", "detail": "No such invoice."},
        ErrorDetails(detail="No such invoice."),
    ),
    "Campfire": ({"error": "No such invoice."}, ErrorDetails(detail="No such invoice.")),
    "RFC 9457": (
        {
            "type": "https://example.com/invalid",
            "title": "Invalid request",
            "invalid-params": [{"name": "age", "reason": "must be positive"}],
            "errors": [{"detail": "too small", "pointer": "#/lines/0"}],
        },
        ErrorDetails(
            detail="Invalid request; age: must be positive; lines.0: too small",
            fields={"age": ("must be positive",), "lines.0": ("too small",)},
        ),
    ),
    "JSON:API": (
        {
            "errors": [
                {
                    "title": "Invalid",
                    "detail": "no text",
                    "source": {"pointer": "/data/attributes/a"},
                },
                {"title": "Unknown", "source": {"parameter": "sort"}},
            ]
        },
        ErrorDetails(
            detail="a: no text; sort: Unknown", fields={"a": ("no text",), "sort": ("Unknown",)}
        ),
    ),
    "OAuth": (
        {"error": "invalid_grant", "error_description": "The token was used."},
        ErrorDetails(detail="invalid_grant: The token was used."),
    ),
    "GoCardless": (
        {
            "error": {
                "message": "Validation failed",
                "code": 422,
                "request_id": "r1",
                "errors": [{"field": "branch_code", "message": "must be a number"}],
            }
        },
        ErrorDetails(
            detail="Validation failed; branch_code: must be a number",
            fields={"branch_code": ("must be a number",)},
            request_id="r1",
        ),
    ),
    "Xero": (
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": [{"Amount": 1, "ValidationErrors": [{"Message": "Amount is too large"}]}],
        },
        ErrorDetails(detail="A validation exception occurred; Amount is too large"),
    ),
    "Stripe": (
        {"error": {"code": "missing", "message": "No such customer", "param": "customer"}},
        ErrorDetails(detail="No such customer", fields={"customer": ("No such customer",)}),
    ),
    "QuickBooks": (
        {"Fault": {"Error": [{"Message": "Duplicate", "Detail": "It exists", "element": ""}]}},
        ErrorDetails(detail="It exists"),
    ),
    "Google": (
        {
            "error": {
                "message": "bad",
                "details": [{"fieldViolations": [{"field": "amount", "description": "negative"}]}],
            }
        },
        ErrorDetails(detail="bad; amount: negative", fields={"amount": ("negative",)}),
    ),
    "FastAPI": (
        {"detail": [{"loc": ["body", "amount"], "msg": "required"}, {"loc": [], "msg": "bad"}]},
        ErrorDetails(detail="amount: required; bad", fields={"amount": ("required",)}),
    ),
    "a path of parts that does not begin with a part of the request": (
        {"detail": [{"loc": ["lines", 0, "tax"], "msg": "required"}]},
        ErrorDetails(detail="lines.0.tax: required", fields={"lines.0.tax": ("required",)}),
    ),
    "a field with a slash in its name": (
        {"errors": [{"field": "net/gross", "message": "No"}]},
        ErrorDetails(detail="net/gross: No", fields={"net/gross": ("No",)}),
    ),
    "Spring": (
        {"timestamp": "now", "status": 400, "error": "Bad Request", "message": "m", "path": "/x"},
        ErrorDetails(detail="Bad Request: m"),
    ),
    "PayPal": (
        {
            "name": "INVALID",
            "message": "No",
            "details": [{"field": "/a/b", "issue": "X"}],
            "debug_id": "d",
        },
        ErrorDetails(detail="No; a.b: X", fields={"a.b": ("X",)}, request_id="d"),
    ),
    "Moneybird": (
        {"error": "Contact is missing", "details": {"contact_id": ["is required"]}},
        ErrorDetails(
            detail="Contact is missing; contact_id: is required",
            fields={"contact_id": ("is required",)},
        ),
    ),
    "only a code": ({"code": "E1"}, ErrorDetails(detail="E1")),
    "only codes in an error": (
        {"error": {"code": "card_declined", "type": "card_error"}},
        ErrorDetails(detail="card_declined; card_error"),
    ),
    "a message that repeats its only field": (
        {"error": "amount: too small", "errors": {"amount": ["too small"]}},
        ErrorDetails(detail="amount: too small", fields={"amount": ("too small",)}),
    ),
    "a message that repeats one of its fields": (
        {"error": "amount: too small", "errors": {"amount": ["too small"], "day": ["old"]}},
        ErrorDetails(
            detail="amount: too small; day: old",
            fields={"amount": ("too small",), "day": ("old",)},
        ),
    ),
    "a name of the error in an error": (
        {"error": {"name": "INVALID", "message": "No"}},
        ErrorDetails(detail="No"),
    ),
    "an id beside the error": (
        {"error": "No", "meta": {"requestId": "r2"}},
        ErrorDetails(detail="No", request_id="r2"),
    ),
    "text": ("Down.", ErrorDetails(detail="Down.")),
    "nothing": (None, ErrorDetails()),
    "an empty object": ({}, ErrorDetails()),
    "no words": ([7, " ", "Down."], ErrorDetails(detail="Down.")),
    "empty texts": ({"message": "", "error": " "}, ErrorDetails()),
}


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES)
def test_body_is_understood(body: object, expected: ErrorDetails) -> None:
    """The words, the fields and the request's name are found in each shape."""
    assert expected == explain_parsed_body(body)


def test_names_of_errors_in_any_form() -> None:
    """A body may write the names of its errors in any case, with or without signs."""
    names = ["Errors", "error_description", "nonFieldErrors", "description", "results"]
    assert [True, True, True, False, False] == [is_error_name(name) for name in names]
