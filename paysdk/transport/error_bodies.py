"""Reads what an API says in the body of an error. Pure.

APIs use many forms. These are understood, with names in upper or lower case, and with or without
``_``:

- Django REST Framework: ``{"detail": …}``, ``{"field": ["…"]}`` or a bare list
- RFC 9457: ``title``, ``detail``, and ``errors`` or ``invalid-params``
- JSON:API: ``errors`` with ``title``, ``detail`` and ``source``
- OAuth 2.0 (RFC 6749, section 5.2): ``error`` with ``error_description``
- a nested ``error`` or ``fault``, and lists of objects that name a field and a message
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import attrs

from paysdk.transport.messages import ErrorDetails

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["explain_parsed_body", "is_error_name"]

_Fields: TypeAlias = dict[str, tuple[str, ...]]

# All names here are in lower case, without characters other than letters and digits.
# The first of these that is a text is the message.
_MESSAGES: tuple[str, ...] = (
    "errordescription",
    "detail",
    "message",
    "description",
    "msg",
    "reason",
    "title",
    "issue",
    "errormessage",
    "errormsg",
    "errordetail",
    "messages",
    "exception",
    "faultstring",
)
_CONTAINERS = frozenset(
    {"error", "errors", "fault", "faults", "elements", "validationerrors", "invalidparams"}
    | {"invalidfields", "violations", "fieldviolations", "details", "detail", "issues", "messages"}
    | {"fielderrors", "message"}
)
# These name the field that one error of a list is about.
_FIELDS: tuple[str, ...] = (
    "field",
    "param",
    "parameter",
    "pointer",
    "property",
    "attribute",
    "path",
    "loc",
    "name",
    "element",
    "target",
)
# At the top of a body, the other names of that list are about the request or the kind of error.
_FIELDS_OF_ALL = _FIELDS[:6]
_NO_FIELDS = frozenset({"nonfielderrors", "all", "base"})
_CODES = ("errorcode", "code", "type", "errortype", "status", "name")
_REQUEST_IDS = ("requestid", "debugid", "traceid", "correlationid", "xrequestid")
_NEVER_FIELDS = frozenset(
    {*_REQUEST_IDS, *_MESSAGES, *_CODES, *_CONTAINERS, *_FIELDS}
    | {"statuscode", "timestamp", "time", "instance", "docurl", "documentationurl", "errornumber"}
    | {"links", "meta", "help", "errorid", "success", "ok", "url", "moreinfo", "hint", "id"}
)
# JSON:API's pointers begin with these, and FastAPI's lists with the part of the request.
_POINTER_START = re.compile(r"^#?/?(data/(attributes|relationships)/)?")
_PARTS_OF_REQUEST = frozenset({"body", "query", "path", "header", "cookie"})


@attrs.frozen
class _Problem:
    """One message, and the field that it is about."""

    message: str
    field: str = ""
    # Whether the message must name the field, because the words of the API do not.
    shows_field: bool = True


def explain_parsed_body(parsed: object) -> ErrorDetails:
    """Return what the parsed body of an error says."""
    problems = list(dict.fromkeys(_find_problems(parsed, _FIELDS_OF_ALL)))
    if not problems and _is_mapping(parsed):
        inner = parsed.get("error")
        named = {**parsed, **inner} if _is_mapping(inner) else parsed
        codes = {_plain(name): part for name, part in named.items()}
        problems = [_Problem(text) for name in _CODES if (text := _text(codes.get(name)))]
    fields: _Fields = {}
    for each in problems:
        if each.field:
            fields[each.field] = (*fields.get(each.field, ()), each.message)
    return ErrorDetails(
        detail=_join_words(problems), fields=fields, request_id=_find_request_id(parsed)
    )


def _join_words(problems: Iterable[_Problem]) -> str:
    words: list[str] = []
    before = None
    for each in problems:
        # The message of the whole often repeats that of its only field.
        if any(each.message in said for said in words):
            continue
        if each.field and each.field == before:
            words[-1] += f" {each.message}"
        else:
            words.append(_with_field(each))
        before = each.field
    return "; ".join(words)


def is_error_name(name: str) -> bool:
    """Return whether a body that has this name at its top may be an error."""
    return _plain(name) in {*_MESSAGES, *_CONTAINERS, "nonfielderrors"} - {"description"}


def _with_field(problem: _Problem) -> str:
    shown = problem.field and problem.shows_field and problem.field not in problem.message
    return f"{problem.field}: {problem.message}" if shown else problem.message


def _find_problems(value: object, field_names: tuple[str, ...] = _FIELDS) -> Iterator[_Problem]:
    if isinstance(value, str):
        if value.strip():
            yield _Problem(value)
    elif _is_list(value):
        for item in value:
            yield from _find_problems(item)
    elif _is_mapping(value):
        yield from _problems_of_error(value, field_names) or _problems_by_field(value)


def _problems_of_error(value: Mapping[str, object], field_names: tuple[str, ...]) -> list[_Problem]:
    """Return the problems of an object with a message or with other errors in it."""
    error = {_plain(name): part for name, part in value.items()}
    message = next((text for name in _MESSAGES if (text := _text(error.get(name)))), "")
    if (code := _text(error.get("error"))) and code != message:
        message = f"{code}: {message}" if message else code
    problems = [_Problem(message)] if message else []
    if message and (field := _field_of(error, field_names)):
        problems = [_Problem(message, field, shows_field=field_names is _FIELDS)]
    for name, part in error.items():
        if name in _CONTAINERS and not isinstance(part, str):
            problems += _find_problems(part, field_names)
    if problems:
        for name, part in value.items():
            if _plain(name) not in _NEVER_FIELDS and _is_texts(part):
                problems += _problems_by_field({name: part})
    return problems


def _problems_by_field(value: Mapping[str, object], before: str = "") -> list[_Problem]:
    """Return the problems of ``{"field": ["…"]}``, in which an object has fields of its own."""
    problems: list[_Problem] = []
    for name, part in value.items():
        field = "" if _plain(name) in _NO_FIELDS else f"{before}{name}"
        if _is_mapping(part):
            problems += _problems_by_field(part, f"{field}.")
        elif not (isinstance(part, str) and _plain(name) in _NEVER_FIELDS):
            problems += [
                attrs.evolve(each, field=f"{field}.{each.field}" if each.field else field)
                for each in _find_problems(part)
            ]
    return problems


def _field_of(error: Mapping[str, object], names: tuple[str, ...]) -> str:
    source = error.get("source")
    found = {
        **error,
        **({_plain(name): part for name, part in source.items()} if _is_mapping(source) else {}),
    }
    return next((field for name in names if (field := _field_name(found.get(name)))), "")


def _field_name(value: object) -> str:
    if _is_list(value):
        parts = [str(part) for part in value if isinstance(part, str | int)]
        return ".".join(parts[1:] if parts[:1] and parts[0] in _PARTS_OF_REQUEST else parts)
    text = _text(value)
    return _POINTER_START.sub("", text).replace("/", ".") if text.startswith(("/", "#/")) else text


def _find_request_id(parsed: object) -> str | None:
    if not _is_mapping(parsed):
        return None
    names = {_plain(name): value for name, value in parsed.items()}
    for name in _REQUEST_IDS:
        if text := _text(names.get(name)):
            return text
    inner = (_find_request_id(names.get(name)) for name in ("error", "meta"))
    return next((found for found in inner if found), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_texts(value: object) -> bool:
    return _is_list(value) and bool(value) and all(isinstance(item, str) for item in value)


def _is_mapping(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)
