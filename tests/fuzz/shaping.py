"""Mutate JSON and links without breaking them, so that the fuzzer gets past the parser."""

from __future__ import annotations

import random
import re

import atheris

__all__ = ["mutate", "mutate_link"]

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null')
_VALUES = [
    *[
        b"null",
        b"true",
        b"0",
        b"-0.0",
        b"1.5",
        b"1e400",
        b"1e99999999999999999999",
        b"7" * 5000,
        b"18446744073709551616",
    ],
    *[
        b'""',
        b'"NaN"',
        b'"-Infinity"',
        b'"1e99999999999999999999"',
        b'"1_0"',
        b'"\xff"',
        rb'"\ud800"',
        rb'"\u0000"',
        b'"\xd9\xa3"',
    ],
    *[
        b'"2026-01-02"',
        b'"29-02-2021"',
        b'"2026-01-02T03:04:05"',
        b'"0001-01-01T00:00:00+14:00"',
        b'"9999-12-31T23:59:59-14:00"',
    ],
    *[b'"Object missing required field `x`"', b'" - at `$.x`"', b'"$[0]"', b'"`"'],
    *[b"{}", b"[]", b"[null]", b"[[]]", b"[" * 2000 + b"]" * 2000, b'{"id":1,"id":null}'],
]

_PIECES = [
    *[
        b"https://",
        b"//",
        b"[::1",
        b"[x]",
        b"?",
        b"&",
        b"=",
        b"#",
        b"%",
        b"%00",
        b"%zz",
        b"%ff",
        b"+",
        b" ",
        b"\r\n",
        b"\xc3\xa9",
    ],
    *[
        b"from=",
        b"cursor=",
        b"offset=",
        b"limit=",
        b"&from=a",
        b"&limit=0",
        b"&limit=-1",
        b"&limit=x",
        b"&offset=1_0",
        b"&limit=",
    ],
    *[b"&limit=\xd9\xa3", b"&limit=" + b"7" * 5000, b"&offset=" + b"7" * 5000],
]


def mutate(data: bytes, largest: int, seed: int) -> bytes:
    """Replace or repeat a token of *data*, or half of the time mutate it as bytes."""
    dice = random.Random(seed)
    tokens = list(_TOKEN.finditer(data))
    if not tokens or dice.random() < 0.5:
        return bytes(atheris.Mutate(data, len(data)))
    place, other = dice.choice(tokens), dice.choice(tokens)
    value = dice.choice(
        [
            other[0],
            dice.choice(_VALUES),
            dice.choice(_VALUES),
            place[0] + b"," + other[0],
            place[0] + b":" + other[0],
        ]
    )
    return (data[: place.start()] + value + data[place.end() :])[:largest]


def mutate_link(data: bytes, largest: int, seed: int) -> bytes:
    """Insert a piece of a link into *data*, or half of the time mutate it as bytes."""
    dice = random.Random(seed)
    if dice.random() < 0.5:
        return bytes(atheris.Mutate(data, len(data)))
    place = dice.randrange(len(data) + 1)
    return (data[:place] + dice.choice(_PIECES) + data[place:])[:largest]
