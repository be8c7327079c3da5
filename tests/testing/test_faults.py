"""Plans of faults."""

from __future__ import annotations

import attrs
import msgspec
import pytest

from paysdk.testing import Fault, FaultPlan, hang, redirect, reset, status, truncated, wrong_body


def meet_all(plan: FaultPlan, requests: list[tuple[str, str]]) -> list[Fault | None]:
    """Return the fault of each request in turn."""
    faults: list[Fault | None] = []
    counts: tuple[int, ...] = ()
    for method, path in requests:
        fault, counts = plan.meet(method, path, counts)
        faults.append(fault)
    return faults


def get_requests(count: int) -> list[tuple[str, str]]:
    """Return this number of equal requests."""
    return [("GET", "/a")] * count


def test_empty_plan_lets_everything_pass() -> None:
    """An empty plan makes no request fail."""
    assert [None, None] == meet_all(FaultPlan(), get_requests(2))


def test_on_one_number() -> None:
    """Requests are counted from 1."""
    assert [None, hang(), None] == meet_all(FaultPlan().on(2, hang()), get_requests(3))


def test_on_several_numbers() -> None:
    """An entry may name several requests."""
    assert [hang(), None, hang()] == meet_all(FaultPlan().on([1, 3], hang()), get_requests(3))


def test_first() -> None:
    """The first requests fail, and then none."""
    assert [hang(), hang(), None, None] == meet_all(FaultPlan().first(2, hang()), get_requests(4))


def test_every() -> None:
    """Every n-th request fails."""
    assert [None, hang(), None, hang()] == meet_all(FaultPlan().every(2, hang()), get_requests(4))


def test_always() -> None:
    """Every request fails."""
    assert [hang(), hang()] == meet_all(FaultPlan().always(hang()), get_requests(2))


def test_method_narrows_and_counts_alone() -> None:
    """An entry for POST counts only POST requests."""
    plan = FaultPlan().on(2, hang(), method="POST")

    assert [None, None, None, hang()] == meet_all(
        plan, [("POST", "/a"), ("GET", "/a"), ("GET", "/a"), ("POST", "/a")]
    )


def test_path_narrows_with_wildcards() -> None:
    """A star in the path matches anything."""
    plan = FaultPlan().first(1, hang(), path="/invoice/*/pay/")

    assert [None, hang(), None] == meet_all(
        plan, [("POST", "/invoice/7/"), ("POST", "/invoice/7/pay/"), ("POST", "/invoice/8/pay/")]
    )


def test_the_entry_added_first_wins() -> None:
    """If two entries match one request, the first one wins."""
    plan = FaultPlan().on(1, status(503)).always(hang())

    assert [status(503), hang()] == meet_all(plan, get_requests(2))


def test_plans_are_values() -> None:
    """Adding an entry does not change the original plan."""
    plan = FaultPlan()
    plan.always(hang())

    assert FaultPlan() == plan
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        plan.rules = ()  # type: ignore[misc]  # what is refused


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (1, "1"),
        ("soon", "soon"),
        ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"),
    ],
)
def test_retry_after_is_sent_as_given(given: float | str, sent: str) -> None:
    """``Retry-After`` may be seconds, a date or nonsense."""
    assert sent == dict(status(429, retry_after=given).headers)["Retry-After"]


def test_status_has_a_json_body_unless_given_one() -> None:
    """The body names the status; headers and body may be given."""
    assert {"detail": "Service Unavailable"} == msgspec.json.decode(status(503).body)
    assert b"gone" == status(503, body=b"gone").body
    assert {"Content-Type": "text/plain", "X-Id": "7"} == dict(
        status(500, headers={"Content-Type": "text/plain", "X-Id": "7"}).headers
    )


def test_processed_is_the_tests_to_say() -> None:
    """By default a request is processed if part of the response is sent."""
    assert (False, True, True) == (
        reset().processed,
        reset("headers").processed,
        reset("body").processed,
    )
    assert (True, False) == (
        reset("before", processed=True).processed,
        truncated(processed=False).processed,
    )
    assert (True, True) == (
        wrong_body(processed=True).processed,
        redirect("/b", processed=True).processed,
    )
