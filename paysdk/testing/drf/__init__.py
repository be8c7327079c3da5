"""A Django REST framework server as it behaves when nobody has changed its settings: pages, fields and errors."""

from __future__ import annotations

from paysdk.testing.drf.errors import (
    detail,
    encode,
    json_response,
    not_found_page,
    permanent_redirect,
)
from paysdk.testing.drf.fields import (
    Field,
    FieldError,
    boolean,
    check_item,
    check_items,
    day,
    decoded,
    integer,
    microseconds,
    moment,
    number,
    parameters,
    text,
)
from paysdk.testing.drf.pages import InvalidCursorError, Window, paginate, positive, with_parameters

__all__ = [
    "Field",
    "FieldError",
    "InvalidCursorError",
    "Window",
    "boolean",
    "check_item",
    "check_items",
    "day",
    "decoded",
    "detail",
    "encode",
    "integer",
    "json_response",
    "microseconds",
    "moment",
    "not_found_page",
    "number",
    "paginate",
    "parameters",
    "permanent_redirect",
    "positive",
    "text",
    "with_parameters",
]
