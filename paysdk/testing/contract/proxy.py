"""A server in front of a sandbox that records its responses, and can change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import attrs

from paysdk.testing.exchange import Request, Response
from paysdk.testing.faults import Fault, FaultPlan
from paysdk.testing.server import Sandbox

__all__ = ["Change", "RecordingProxy"]

# A change to each response on its way.
Change = Callable[[Response], Response]


# No slots: other sandboxes have the scheme on the class, and this one sets it on the instance.
@attrs.define(kw_only=True, eq=False, slots=False)
class RecordingProxy(Sandbox):
    """A server that responds as ``upstream`` does.

    ``change`` makes it change responses, and ``inject_faults`` makes requests fail.
    """

    scheme: ClassVar[str] = ""

    upstream: Sandbox
    responses: list[Response] = attrs.field(init=False, factory=list[Response])
    _change: Change | None = attrs.field(init=False, default=None)
    _plan: FaultPlan = attrs.field(init=False, factory=FaultPlan)

    def __attrs_post_init__(self) -> None:
        """Take the scheme of the sandbox."""
        vars(self)["scheme"] = self.upstream.scheme

    async def start(self) -> None:
        await super().start()
        # A sandbox may put its own origin into its links. So its origin must be the proxy's.
        self.upstream._running = self._running  # noqa: SLF001  # share the URL

    def is_authorised(self, request: Request) -> bool:
        return self.upstream.is_authorised(request)

    def respond(self, request: Request) -> Response:
        response = self.upstream.respond(request)
        response = response if self._change is None else self._change(response)
        self.responses.append(response)
        return response

    def change(self, change: Change | None) -> None:
        """Change all responses from now on, or stop changing them."""
        self._change = change

    def inject_faults(self, plan: FaultPlan) -> None:
        """Make requests meet these faults. The next request is number 1."""
        self._plan, self._counts = plan, ()

    @property
    def connections(self) -> int:
        """The number of open connections."""
        server = None if self._running is None else self._running.runner.server
        return 0 if server is None else len(server.connections)

    def _next_fault(self, request: Request) -> Fault | None:
        fault, self._counts = self._plan.meet(request.method, request.path, self._counts)
        return fault
