"""Fixtures for tests of applications that use paysdk.

pytest finds this module if paysdk is installed, and loads it in every run, even if no test uses a
fixture. So the module imports nothing: each fixture imports what it needs.
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
    """Which requests to the sandboxes fail, and how. None fail by default.

    Override this fixture, or parametrise a test with it, to make some fail.
    """
    from paysdk.testing.faults import FaultPlan  # noqa: PLC0415  # costs nothing if unused

    return FaultPlan()


@pytest.fixture
def campfire_sandbox(fault_plan: FaultPlan) -> Iterator[Sandbox]:
    """Campfire's API on this machine, with a thousand payments and the faults of ``fault_plan``.

    It works in async tests and in others.
    """
    yield from _run_sandbox("campfire", fault_plan)


@pytest.fixture
def notify_sandbox(fault_plan: FaultPlan) -> Iterator[Sandbox]:
    """Notify's API on this machine, with a thousand payments and the faults of ``fault_plan``.

    It works in async tests and in others.
    """
    yield from _run_sandbox("notify", fault_plan)


def _run_sandbox(name: str, faults: FaultPlan) -> Iterator[Sandbox]:
    from paysdk.testing.discovery import open_sandbox  # noqa: PLC0415  # costs nothing if unused
    from paysdk.testing.threads import in_thread  # noqa: PLC0415  # likewise

    with in_thread(open_sandbox(name, faults=faults)) as sandbox:
        yield sandbox
