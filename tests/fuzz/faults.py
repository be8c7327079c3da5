"""What a reader must keep to, whatever it is given: only MalformedResponseError, with a path that points at the fault."""

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


def check(read: Callable[[bytes], object], body: bytes, sample: Any) -> None:  # noqa: ANN401  # JSON is any value
    """Read *body*; *sample* is an answer that can be read, and holds one of everything that has a required part.

    A path points at the fault if putting there what the sample has, or a null where it has nothing,
    leaves no fault there; and if it is not merely the object that the fault is in.
    """
    fault = _fault(read, body)
    if fault is None:
        return
    assert fault.path.startswith("$")
    # Half of a surrogate pair may stand anywhere, in a name and behind names that no path can tell
    # apart.
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
    except msgspec.DecodeError:  # half of a surrogate pair, which Python's json takes
        return
    assert not (isinstance(good, dict) and found.lstrip()[:1] == b"{"), (
        f"{fault.path} is an object, and as such no fault: {fault}"
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
        raise ValueError("a name that is there twice")
    return named


def _is_plain(body: bytes) -> bool:
    # A reader stops at the first fault, also where the body breaks off after it, and where the same
    # name comes again with another value.
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
    """What stands there, and nothing where it is missing."""
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
