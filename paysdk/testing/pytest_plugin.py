"""Fixtures for tests of applications that use paysdk. pytest finds this module wherever paysdk is installed.

It loads with every run of pytest there, also of those who never use a fixture, so it imports
nothing: each fixture imports what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paysdk.testing.faults import FaultPlan
    from paysdk.testing.server import Sandbox

__all__ = ["campfire_sandbox", "fault_plan", "notify_sandbox"]


@pytest.fixture
def fault_plan() -> FaultPlan:
    """Which requests to the sandboxes fail, and how: none.

    Override it, or parametrise a test with it, to have some fail.
    """
    from paysdk.testing.faults import FaultPlan  # noqa: PLC0415  # costs nothing where it is not used

    return FaultPlan()


@pytest.fixture
def campfire_sandbox(fault_plan: FaultPlan) -> Iterator[Sandbox]:
    """Campfire's API on this machine, with a thousand payments, failing as ``fault_plan`` says; for tests that are async or not."""
    yield from _run_sandbox("campfire", fault_plan)


@pytest.fixture
def notify_sandbox(fault_plan: FaultPlan) -> Iterator[Sandbox]:
    """Notify's API on this machine, with a thousand payments, failing as ``fault_plan`` says; for tests that are async or not."""
    yield from _run_sandbox("notify", fault_plan)


def _run_sandbox(name: str, faults: FaultPlan) -> Iterator[Sandbox]:
    from paysdk.testing.discovery import open_sandbox  # noqa: PLC0415  # costs nothing where it is not used
    from paysdk.testing.threads import in_thread  # noqa: PLC0415  # likewise

    with in_thread(open_sandbox(name, faults=faults)) as sandbox:
        yield sandbox
