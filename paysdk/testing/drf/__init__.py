"""Pages, fields and errors of a Django REST framework server with default settings."""

from __future__ import annotations

from paysdk.testing.drf.errors import (
    detail_response,
    encode,
    json_response,
    not_found_page,
    permanent_redirect,
)
from paysdk.testing.drf.fields import (
    Field,
    FieldError,
    check_item,
    check_items,
    decode,
    parse_boolean,
    parse_day,
    parse_integer,
    parse_moment,
    parse_number,
    parse_parameters,
    parse_text,
    to_microseconds,
)
from paysdk.testing.drf.pages import (
    InvalidCursorError,
    Window,
    paginate,
    parse_positive,
    with_parameters,
)

__all__ = [
    "Field",
    "FieldError",
    "InvalidCursorError",
    "Window",
    "check_item",
    "check_items",
    "decode",
    "detail_response",
    "encode",
    "json_response",
    "not_found_page",
    "paginate",
    "parse_boolean",
    "parse_day",
    "parse_integer",
    "parse_moment",
    "parse_number",
    "parse_parameters",
    "parse_positive",
    "parse_text",
    "permanent_redirect",
    "to_microseconds",
    "with_parameters",
]
