"""The external id of a booking."""

from __future__ import annotations

from paysdk.booking.names import are_of_one_account, make_name


def test_a_name_is_deterministic_and_readable() -> None:
    """It has the generation if a person ordered to book again."""
    assert "paysdk:notify:default:a-1" == make_name("notify", "default", "a-1")
    assert "paysdk:notify:default:a-1:g2" == make_name("notify", "default", "a-1", 2)
    assert "paysdk:notify:my%20team%3A:a-1" == make_name("notify", "my team:", "a-1")


def test_a_long_name_ends_with_its_hash() -> None:
    """No API takes more than 256 characters."""
    first, second = (make_name("notify", "default", "x" * 300 + end, 3) for end in "ab")

    assert (256, 256) == (len(first), len(second))
    assert first != second
    assert first.endswith(":g3")


def test_names_of_one_account_belong_together() -> None:
    """Accounts and sources have names of their own, and a person may give any name or none."""
    name = make_name("notify", "default", "1")

    assert are_of_one_account(name, make_name("notify", "default", "2", 2))
    for other in (
        make_name("notify", "second", "1"),
        make_name("acme", "default", "1"),
        "mine",
        None,
    ):
        assert not are_of_one_account(name, other)
