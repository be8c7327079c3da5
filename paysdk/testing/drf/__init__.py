"""A Django REST framework server as it behaves when nobody has changed its settings: pages, fields and errors."""

from __future__ import annotations

from paysdk.testing.drf.errors import detail, encode, json_answer, not_found_page, permanent_redirect
from paysdk.testing.drf.fields import (
    Field,
    FieldError,
    boolean,
    checked,
    checked_list,
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
    "checked",
    "checked_list",
    "day",
    "decoded",
    "detail",
    "encode",
    "integer",
    "json_answer",
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
