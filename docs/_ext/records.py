# ruff: noqa: INP001  # read by Sphinx, not imported
"""How the reference shows records: one with many fields gets a table instead of a signature."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import attrs
from sphinx.util.typing import stringify_annotation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

MAX_IN_SIGNATURE = 8


def is_long_record(documented: object) -> bool:
    """Return whether the record has too many fields for a signature."""
    return (
        isinstance(documented, type)
        and attrs.has(documented)
        and len(inspect.signature(documented).parameters) > MAX_IN_SIGNATURE
    )


def fields(record: type) -> Iterator[str]:
    """Yield a table of the record's fields: name, type, and the default unless it is None."""
    yield from (
        "",
        ".. list-table::",
        "   :class: fields",
        "   :widths: auto",
        "   :align: left",
        "",
    )
    # `raw` is a property and has an entry of its own.
    shown = {
        name: parameter
        for name, parameter in inspect.signature(record).parameters.items()
        if name != "raw"
    }
    defaults = {field.alias: field.default for field in attrs.fields(record)}
    for name, parameter in shown.items():
        kind = re.sub(
            r"~?[a-z_.]+[.](?=[A-Za-z])", "", stringify_annotation(parameter.annotation, "smart")
        )
        # The annotation of a time also says, for msgspec, that it must have a zone.
        kind = re.sub(r"Annotated\[datetime, [^]]*]|Moment", "datetime", kind)
        # The parameter's own default is what attrs generated, not what the author wrote.
        value = defaults[name]
        default = "" if value in (attrs.NOTHING, None) else f" = {value!r}"
        yield from (f"   * - ``{name}``", f"     - ``{kind}{default}``")


def signature(
    _app: Sphinx,
    _what: str,
    _name: str,
    documented: object,
    _options: object,
    arguments: str | None,
    returned: str | None,
) -> tuple[str, str | None] | None:
    """Show no constructor where a reader needs none, and an attrs class's defaults as values.

    A record with a table, a protocol and an exception have no constructor that a reader calls.
    """
    if not arguments:
        return None
    hidden = isinstance(documented, type) and issubclass(documented, BaseException)
    if hidden or is_long_record(documented) or getattr(documented, "_is_protocol", False):
        return "", None
    if isinstance(documented, type) and attrs.has(documented):
        return with_defaults(documented, arguments), returned
    return None


def with_defaults(record: type, arguments: str) -> str:
    """Return *arguments* with each default as a user would write it.

    attrs writes NOTHING for a factory, and an expression of its own for a value.
    """
    given = [field for field in attrs.fields(record) if field.init]
    factories = [getattr(field.default, "factory", None) for field in given]
    calls = iter([f"{factory.__name__}()" for factory in factories if factory is not None])
    values = {field.name: repr(field.default) for field in given}
    arguments = re.sub(r"\bNOTHING\b", lambda _: next(calls), arguments)
    pattern = r"attr_dict\['(\w+)'\][.]default"
    return re.sub(pattern, lambda found: values[found[1]], arguments)


def docstring(
    _app: Sphinx, _what: str, _name: str, documented: object, _options: object, lines: list[str]
) -> None:
    """Append the table to the record's docstring."""
    if isinstance(documented, type) and is_long_record(documented):
        lines += fields(documented)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register what is above."""
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-docstring", docstring)
    return {"parallel_read_safe": True}
