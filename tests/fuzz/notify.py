"""Fuzz the reader of Notify's pages of payments."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["paysdk"]):
    from paysdk.providers.notify.normalise import make_reader

from faults import check
from pages import read_page
from shaping import mutate

_READER = make_reader("EUR")
_PAGE = {
    "payments": [{"id": "p1", "amount": "1", "invoice": {"id": "i1"}}],
    "links": {"next": {"href": None}},
}


def test_one_input(data: bytes) -> None:
    """Read *data* as a page."""
    check(lambda body: read_page(_READER, body), data, _PAGE)


if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutate)
    atheris.Fuzz()
