"""The sandbox, with a tap on its line: what it answers can be seen and changed on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import attrs

from paysdk.testing.exchange import Answer, Request
from paysdk.testing.faults import Fault, FaultPlan
from paysdk.testing.server import Sandbox

__all__ = ["Change", "Tap"]

# What is done to each answer on its way.
Change = Callable[[Answer], Answer]


# With a dictionary, since the scheme is a class's in general, and here that of the sandbox behind.
@attrs.define(kw_only=True, eq=False, slots=False)
class Tap(Sandbox):
    """A server that answers as ``behind`` does, unless it is told to ``change`` an answer or to ``spoil`` requests."""

    scheme: ClassVar[str] = ""

    behind: Sandbox
    answers: list[Answer] = attrs.field(init=False, factory=list[Answer])
    _change: Change | None = attrs.field(init=False, default=None)
    _plan: FaultPlan = attrs.field(init=False, factory=FaultPlan)

    def __attrs_post_init__(self) -> None:
        """Take the scheme over."""
        vars(self)["scheme"] = self.behind.scheme

    async def start(self) -> None:
        await super().start()
        # A sandbox may write its own origin into its links.
        self.behind._running = self._running  # noqa: SLF001  # it runs where the tap does

    def answer(self, request: Request) -> Answer:
        answer = self.behind.answer(request)
        answer = answer if self._change is None else self._change(answer)
        self.answers.append(answer)
        return answer

    def change(self, change: Change | None) -> None:
        """Change all answers from now on, or none any more."""
        self._change = change

    def spoil(self, plan: FaultPlan) -> None:
        """Let requests meet these faults, the next request being number 1."""
        self._plan, self._counts = plan, ()

    @property
    def connections(self) -> int:
        """How many are open."""
        server = None if self._running is None else self._running.runner.server
        return 0 if server is None else len(server.connections)

    def _next_fault(self, request: Request) -> Fault | None:
        fault, self._counts = self._plan.meet(request.method, request.path, self._counts)
        return fault
