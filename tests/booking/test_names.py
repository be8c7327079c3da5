"""The external id of a booking."""

from __future__ import annotations

from paysdk.booking.names import (
    are_of_one_account,
    are_of_one_payment,
    find_account,
    find_payment_id,
    make_name,
)


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


def test_the_generations_of_a_payment_belong_together() -> None:
    """Long names are compared by their hash."""
    for payment_id, other in (("a:1", "a"), ("x" * 300, "x" * 301)):
        first, second, third = (
            make_name("notify", "default", payment_id, each) for each in (1, 2, 3)
        )

        assert are_of_one_payment(first, second)
        assert are_of_one_payment(third, second)
        assert not are_of_one_payment(first, make_name("notify", "default", other))
        assert not are_of_one_payment(first, make_name("notify", "second", payment_id))


def test_a_name_says_which_payment_it_is_for() -> None:
    """A long one does not, because it was cut."""
    assert "a:1" == find_payment_id(make_name("notify", "default", "a:1", 2))
    assert find_payment_id(make_name("notify", "default", "x" * 300)) is None
    assert find_payment_id("paysdk:notify:default") is None


def test_a_name_says_which_account_it_is_for() -> None:
    """Other external ids say nothing."""
    assert ("notify", "a:1") == find_account(make_name("notify", "a:1", "7", 2))
    for name in ("", "mine", "paysdk:notify:default", "my:notify:default:1"):
        assert find_account(name) is None
