"""Ordered records."""

from __future__ import annotations

import pytest

from paysdk.testing.records import Records, Row, scatter


def numbered(count: int = 3) -> Records[int]:
    """Make records 1 to ``count``, ten apart."""

    def generate(position: int, row_id: int) -> Row:
        return {"id": row_id, "at": position}

    return Records(
        ((10 * row_id, row_id) for row_id in range(1, count + 1)),
        generate,
        lambda row: repr(row).encode(),
    )


def test_generated_in_order() -> None:
    """Rows are generated from their position and id."""
    assert [{"id": 1, "at": 10}, {"id": 2, "at": 20}] == numbered(2).rows()


def test_put_adds_in_place() -> None:
    """A new record is inserted at its position."""
    records = numbered()
    records.put(15, 9, {"id": 9})

    assert [(10, 1), (15, 9), (20, 2), (30, 3)] == list(records.keys)
    assert {"id": 9} == records.row(9)
    assert (1, (15, 9)) == (records.index(9), records.key(9))


def test_put_replaces_and_moves() -> None:
    """A changed record moves to its new position, and is rendered again."""
    records = numbered()
    assert b"{'id': 1, 'at': 10}" == records.render(1)
    records.put(99, 1, {"id": 1, "at": 99})

    assert [2, 3, 1] == [row["id"] for row in records.rows()]
    assert b"{'id': 1, 'at': 99}" == records.render(1)


def test_remove() -> None:
    """A removed record is gone."""
    records = numbered()
    records.remove(2)

    assert [1, 3] == [row["id"] for row in records.rows()]
    assert (True, False) == (1 in records, 2 in records)
    for ask in (records.row, records.render, records.index, records.key, records.remove):
        with pytest.raises(KeyError):
            ask(2)


def test_version_grows_with_changes_only() -> None:
    """Only writing changes the version."""
    records = numbered()
    records.render(1)
    before = records.version
    records.put(40, 4, {})

    assert (0, True) == (before, records.version > before)


def test_rows_are_copies() -> None:
    """Changing a returned row changes no record."""
    records = numbered()
    records.put(40, 4, {"id": 4})
    records.row(4)["id"] = "changed"
    records.row(1)["id"] = "changed"

    assert [1, 2, 3, 4] == [row["id"] for row in records.rows()]


def test_scatter_depends_on_seed_and_index() -> None:
    """Equal arguments give equal bits, and neighbours give different bits."""
    assert scatter(1, 2) == scatter(1, 2)
    assert 300 == len({scatter(seed, index) for seed in range(3) for index in range(100)})
    assert 0 <= scatter(7, -1) < 2**64
