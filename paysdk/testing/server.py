"""The local server under every sandbox."""

from __future__ import annotations

import asyncio
import hmac
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import attrs
from aiohttp import web
from multidict import CIMultiDict

from paysdk.testing.exchange import LoggedRequest, Request, Response
from paysdk.testing.faults import Fault, FaultPlan
from paysdk.testing.wire import deliver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["Sandbox"]

# Faults that send part of a response need one, even if the request is not processed.
_UNPROCESSED = Response(200, b'{"detail": "not processed"}', {"Content-Type": "application/json"})
# Seconds that closing waits for a handler before cancelling it. aiohttp takes 0 as "forever".
_GRACE_SECONDS = 0.01


@attrs.define(kw_only=True, eq=False, on_setattr=attrs.setters.frozen)
class _Running:
    """A listening server and its URL."""

    runner: web.ServerRunner
    url: str


@attrs.define(kw_only=True, eq=False)
class Sandbox(ABC):
    """A real server on this machine that responds as a provider's API is documented to.

    A subclass decides the responses, in ``respond``. ``latency`` is the seconds added to each
    response. ``faults`` says which requests fail, and how. ``port`` 0 takes any free port. Use the
    sandbox in ``async with``, or call ``start`` and ``close``. You can repeat both: the data and
    the log survive a restart.
    """

    scheme: ClassVar[str]

    api_key: str = attrs.field(repr=False, on_setattr=attrs.setters.frozen)
    latency: float = attrs.field(default=0.0, on_setattr=attrs.setters.frozen)
    faults: FaultPlan | None = attrs.field(default=None, on_setattr=attrs.setters.frozen)
    host: str = attrs.field(default="127.0.0.1", on_setattr=attrs.setters.frozen)
    port: int = attrs.field(default=0, on_setattr=attrs.setters.frozen)
    _running: _Running | None = attrs.field(init=False, default=None, repr=False)
    _log: list[LoggedRequest] = attrs.field(init=False, factory=list[LoggedRequest], repr=False)
    _counts: tuple[int, ...] = attrs.field(init=False, default=(), repr=False)

    @abstractmethod
    def respond(self, request: Request) -> Response:
        """Return the API's response, and make the changes that the request causes."""

    def make_change(self) -> None:  # noqa: B027  # a subclass need not have one
        """Change something, as users of the API would. ``paysdk follow --sandbox`` calls it.

        Override this for a demonstration of your provider. By default, nothing changes.
        """

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings that a provider for this sandbox needs, other than its key and origin.

        Override this if your provider needs some, such as a tenant. ``--sandbox`` and
        ``ProviderContract`` pass them to your class.
        """
        return {}

    @property
    def url(self) -> str:
        """The origin, such as ``http://127.0.0.1:41234``.

        Raises RuntimeError while the sandbox is not running.
        """
        if self._running is None:
            raise RuntimeError(
                f"{type(self).__name__} is not running: use it in 'async with', or await start() "
                "first"
            )
        return self._running.url

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """Every request in the order of arrival, logged before its response is sent."""
        return tuple(self._log)

    def is_authorised(self, request: Request) -> bool:
        """Whether the request came with this sandbox's key."""
        return request.key is not None and hmac.compare_digest(
            request.key.encode(), self.api_key.encode()
        )

    async def start(self) -> None:
        """Start to listen, or do nothing if the sandbox listens already.

        Raises OSError if the port is taken.
        """
        if self._running is not None:
            return
        # A handler ends when its client leaves, so a hung handler does not outlive its request.
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=_GRACE_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError:
            await runner.cleanup()
            raise
        # RFC 3986, section 3.2.2: an address of IPv6 is in brackets.
        host = f"[{self.host}]" if ":" in self.host else self.host
        self._running = _Running(runner=runner, url=f"http://{host}:{runner.addresses[0][1]}")

    async def close(self) -> None:
        """Stop listening, cut every connection and cancel hung handlers. Closing twice is fine."""
        running, self._running = self._running, None
        if running is not None:
            # If asyncio has accepted a connection but not made its transport when the server
            # closes, the connection stays open. A timer fires after both.
            await asyncio.sleep(0.0001)
            await running.runner.cleanup()

    async def __aenter__(self) -> Self:
        """Start, and return the running sandbox."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        request = await self._read(incoming)
        fault = self._next_fault(request)
        # A response may end the key, or begin a new one.
        authorised = self.is_authorised(request)
        response = (
            _UNPROCESSED if fault is not None and not fault.processed else self.respond(request)
        )
        self._note(request, response, fault, authorised=authorised)
        if self.latency:
            await asyncio.sleep(self.latency)
        return await deliver(incoming, response, fault)

    async def _read(self, incoming: web.BaseRequest) -> Request:
        headers = CIMultiDict(incoming.headers)
        authorization = headers.pop("Authorization", "")
        scheme, _, key = authorization.partition(" ")
        return Request(
            method=incoming.method,
            path=incoming.path,
            query=dict(incoming.query.items()),
            target=incoming.raw_path,
            origin=f"http://{incoming.host}",
            headers=headers,
            body=await incoming.read(),
            key=key.strip() if scheme.lower() == self.scheme.lower() and key else None,
            authorization=authorization,
        )

    def _next_fault(self, request: Request) -> Fault | None:
        if self.faults is None:
            return None
        fault, self._counts = self.faults.meet(request.method, request.path, self._counts)
        return fault

    def _note(
        self, request: Request, response: Response, fault: Fault | None, *, authorised: bool
    ) -> None:
        self._log.append(
            LoggedRequest(
                method=request.method,
                path=request.path,
                query=request.query,
                target=request.target,
                headers=request.headers,
                body=request.body,
                authorised=authorised,
                status=response.status if fault is None else None,
                fault=fault,
            )
        )
