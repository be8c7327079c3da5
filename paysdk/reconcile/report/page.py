"""The templates of the report's page, and how they are filled. It needs the extra ``report``."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from typing import cast

from paysdk.distribution import describe_missing

if find_spec("jinja2") is None:
    raise ModuleNotFoundError(describe_missing("The report", "jinja2", "report"), name="jinja2")

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from paysdk.reconcile.report.text import (
    format_count,
    format_money,
    format_month,
    format_number,
    replace_control_characters,
)

__all__ = ["render_page"]


def render_page(context: dict[str, object]) -> str:
    """The page as HTML."""
    script = _script()
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html")
        .render(context, script=script, script_hash=f"sha256-{digest}")
    )


@cache
def _script() -> str:
    return files("paysdk.reconcile.report").joinpath("report.js").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("paysdk.reconcile", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    # Jinja2 declares only the types of its own filters.
    filters = cast("dict[str, object]", environment.filters)
    filters.update(
        count=format_count, money=format_money, month_name=format_month, number=format_number
    )
    return environment


def _clean(value: object) -> object:
    """Replace control characters in all that a template shows. Escaping does not do that."""
    return value if isinstance(value, Markup) else replace_control_characters(str(value))
