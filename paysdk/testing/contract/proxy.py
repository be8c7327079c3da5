"""The sandbox, with a tap on its line: what it answers can be seen and changed on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import attrs

from paysdk.testing.exchange import Request, Response
from paysdk.testing.faults import Fault, FaultPlan
from paysdk.testing.server import Sandbox

__all__ = ["Change", "RecordingProxy"]

# What is done to each answer on its way.
Change = Callable[[Response], Response]


# With a dictionary, since the scheme is a class's in general, and here that of the sandbox behind.
@attrs.define(kw_only=True, eq=False, slots=False)
class RecordingProxy(Sandbox):
    """A server that answers as ``upstream`` does, unless it is told to ``change`` an answer or to ``inject_faults`` requests."""

    scheme: ClassVar[str] = ""

    upstream: Sandbox
    responses: list[Response] = attrs.field(init=False, factory=list[Response])
    _change: Change | None = attrs.field(init=False, default=None)
    _plan: FaultPlan = attrs.field(init=False, factory=FaultPlan)

    def __attrs_post_init__(self) -> None:
        """Take the scheme over."""
        vars(self)["scheme"] = self.upstream.scheme

    async def start(self) -> None:
        await super().start()
        # A sandbox may write its own origin into its links.
        self.upstream._running = self._running  # noqa: SLF001  # it runs where the tap does

    def respond(self, request: Request) -> Response:
        response = self.upstream.respond(request)
        response = response if self._change is None else self._change(response)
        self.responses.append(response)
        return response

    def change(self, change: Change | None) -> None:
        """Change all answers from now on, or none any more."""
        self._change = change

    def inject_faults(self, plan: FaultPlan) -> None:
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
