"""Check a reader: it may raise only MalformedResponseError, with the path of the fault."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from paysdk import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["check"]

_STEP = re.compile(r"\.([^.\[\]]+)|\[([0-9]+)\]")
_pairs = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


def check(
    read: Callable[[bytes], object],
    body: bytes,
    sample: Any,  # noqa: ANN401  # JSON is any value
) -> None:
    """Read *body*, and check the path of its fault, if it has one.

    *sample* is a valid response with one of every object that has a required part. A path is right
    if the value of the sample at that path, or null, removes the fault, and if the path is not
    merely that of the object around the fault.
    """
    fault = _fault(read, body)
    if fault is None:
        return
    assert fault.path.startswith("$")
    # A lone surrogate may be anywhere, also in names that no path can distinguish.
    if (
        fault.not_json
        or "nested too deeply" in str(fault)
        or "surrogate" in str(fault)
        or not _is_plain(body)
    ):
        return
    steps = [name or int(index) for name, index in _STEP.findall(fault.path)]
    assert (
        "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        == fault.path
    )
    good = _at(sample, steps)
    try:
        found = _sent_at(body, steps)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # a lone surrogate, which Python's json takes
        return
    assert not (isinstance(good, dict) and found.lstrip()[:1] == b"{"), (
        f"{fault.path} is a whole object, and not the fault: {fault}"
    )
    again = _fault(read, _with(body, steps, msgspec.json.encode(good)))
    assert again is None or again.path != fault.path, (
        f"{fault.path} does not point at the fault: {fault}"
    )


def _fault(read: Callable[[bytes], object], body: bytes) -> MalformedResponseError | None:
    try:
        read(body)
    except MalformedResponseError as error:
        return error
    return None


def _no_json(word: str) -> None:
    raise ValueError(word)


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a repeated name")
    return named


def _is_plain(body: bytes) -> bool:
    # A reader stops at the first fault. It does not see that the body breaks off later, or that a
    # name is repeated with another value.
    try:
        json.loads(
            body.decode(), parse_int=len, parse_constant=_no_json, object_pairs_hook=_distinct
        )
    except (ValueError, RecursionError):
        return False
    return True


def _at(sample: Any, steps: Sequence[str | int]) -> Any:  # noqa: ANN401  # likewise
    for step in steps:
        sample = (
            None if sample is None else sample[0] if isinstance(step, int) else sample.get(step)
        )
    return sample


def _sent_at(body: bytes, steps: Sequence[str | int]) -> bytes:
    """Return the bytes at this path, or none if it is missing."""
    for step in steps:
        body = bytes(
            _items.decode(body)[step]
            if isinstance(step, int)
            else _pairs.decode(body).get(step, b"")
        )
    return body


def _with(body: bytes, steps: Sequence[str | int], value: bytes) -> bytes:
    if not steps:
        return value
    step, *deeper = steps
    if isinstance(step, int):
        items = _items.decode(body)
        items[step] = msgspec.Raw(_with(bytes(items[step]), deeper, value))
        return msgspec.json.encode(items)
    pairs = _pairs.decode(body)
    pairs[step] = msgspec.Raw(_with(bytes(pairs.get(step, b"")), deeper, value))
    return msgspec.json.encode(pairs)
