"""The client of one provider's API. Providers and listings send their requests through it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar
from weakref import WeakSet

import attrs

from paysdk.arguments import check_bool, check_seconds
from paysdk.errors import (
    ConfigurationError,
    MalformedResponseError,
    PaginationError,
    PaysdkError,
)
from paysdk.events import Event
from paysdk.transport.conventions import Conventions
from paysdk.transport.credentials import KeySource, Secret, check_key, redact_error
from paysdk.transport.deadline import Deadline
from paysdk.transport.observer import Attempt, EventEmitter, RequestStats
from paysdk.transport.origin import parse_origin
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    import ssl

    import aiohttp

    from paysdk.transport.messages import RawResponse, Request

__all__ = ["Client", "SSLContext", "Session", "Settings"]

T = TypeVar("T")

# A callable may return another key for each attempt. More than 32 requests are rarely in flight.
_KEYS_REMEMBERED = 32

# Modules above the transport use these names, so they do not import aiohttp or ssl for a type.
Session: TypeAlias = "aiohttp.ClientSession"
SSLContext: TypeAlias = "ssl.SSLContext"


# No repr of the fields: if the origin is wrong, the object is incomplete, and a traceback that
# shows locals would ask it for missing fields.
@attrs.frozen(kw_only=True, repr=False)
class Settings:
    """The checked settings of a provider object. Checking them opens nothing."""

    key: KeySource
    default_base_url: str
    base_url: str | None = None
    session: Session | None = None
    retry: RetryPolicy = RetryPolicy()  # noqa: RUF009  # frozen
    timeout: float = 60.0
    deadline: float | None = None
    limiter: AbstractAsyncContextManager[object] | None = None
    on_malformed: Callable[[MalformedResponseError], object] | None = None
    on_event: Callable[[Event], object] | None = None
    allow_http: bool = False
    trust_env: bool = False
    ssl_context: SSLContext | None = None
    origin: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        check_bool("allow_http", self.allow_http)
        check_bool("trust_env", self.trust_env)
        _check_ssl_context(self.ssl_context)
        if self.session is not None and (self.trust_env or self.ssl_context is not None):
            raise ConfigurationError(
                "trust_env and ssl_context are for the sessions that paysdk opens. Give your own "
                "session its proxy and its connector: aiohttp.ClientSession(proxy=..., "
                "connector=aiohttp.TCPConnector(ssl=...))."
            )
        base_url = self.default_base_url if self.base_url is None else self.base_url
        origin = parse_origin(base_url, allow_http=self.allow_http)
        object.__setattr__(
            self, "origin", origin
        )  # the way that attrs documents for frozen classes
        if isinstance(self.key, Secret):
            check_key(self.key)
        check_seconds("timeout", self.timeout)
        if self.deadline is not None:
            check_seconds("deadline", self.deadline)
        if not isinstance(self.retry, RetryPolicy):
            raise ConfigurationError(f"retry must be a RetryPolicy, not {self.retry!r}.")
        if self.limiter is not None and not _is_async_context(self.limiter):
            raise ConfigurationError(
                f"limiter must be an async context manager, not {self.limiter!r}."
            )
        for name in ("on_malformed", "on_event"):
            if (given := getattr(self, name)) is not None and not callable(given):
                raise ConfigurationError(f"{name} must be callable, not {given!r}.")


def _check_ssl_context(given: object) -> None:
    # Importing ssl takes a while, so this compares the names of the classes.
    kinds = [kind.__name__ for kind in type(given).__mro__]
    if given is not None and "SSLContext" not in kinds:
        raise ConfigurationError(
            f"ssl_context must be an ssl.SSLContext, not {given!r}. ssl.create_default_context("
            "cafile=...) makes one."
        )


def _is_async_context(given: object) -> bool:
    return (
        not isinstance(given, type) and hasattr(given, "__aenter__") and hasattr(given, "__aexit__")
    )


class Client:
    """The client of one provider's API. Any number of tasks can share it.

    Without a *scheme*, its requests have no ``Authorization`` header.

    It also works in a second event loop, such as that of another ``asyncio.run``.
    """

    def __init__(
        self,
        provider: str,
        scheme: str,
        settings: Settings,
        conventions: Conventions = Conventions(),  # noqa: B008  # frozen
    ) -> None:
        # Importing aiohttp takes longer than importing everything else. It is not needed before
        # the first provider object is made.
        from paysdk.transport.http import HTTPTransport  # noqa: PLC0415  # see above
        from paysdk.transport.proxies import find_proxy  # noqa: PLC0415  # see above
        from paysdk.transport.rate_limit import RateLimited  # noqa: PLC0415  # see above
        from paysdk.transport.retry import Retrying  # noqa: PLC0415  # see above
        from paysdk.transport.sessions import Sessions  # noqa: PLC0415  # see above

        self.provider = provider
        self.settings = settings
        self.conventions = conventions
        self.events: EventEmitter = EventEmitter(settings.on_event)
        self._scheme = scheme
        self._sessions = Sessions(
            provider,
            settings.session,
            proxy=find_proxy(settings.origin) if settings.trust_env else None,
            ssl_context=settings.ssl_context,
        )
        self._http = HTTPTransport(
            provider,
            settings.origin,
            self._sessions,
            settings.timeout,
            self.events,
            headers=conventions.headers,
        )
        rate_limited = RateLimited(
            self._http,
            settings.limiter,
            provider,
            settings.origin,
            self.events,
            policy=settings.retry,
            reset_headers=conventions.reset_headers,
        )
        self._retrying = Retrying(
            rate_limited,
            settings.retry,
            provider,
            settings.origin,
            self.events,
            conventions=conventions,
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended_by_closing: WeakSet[asyncio.Task[Any]] = WeakSet()
        # The current key and the keys before it: a response may arrive after its key was replaced.
        self._keys: list[Secret] = []

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a provider holds an API key and connections, so it cannot be pickled: make another "
            "provider in the other process"
        )

    def deadline(self) -> Deadline:
        """Return a new deadline for one operation.

        Raises ``ConfigurationError`` in a fork. There, the operation could wait forever for what
        only its parent process does.
        """
        self.check_process()
        return Deadline(self.settings.deadline)

    def check_process(self) -> None:
        """Raise ``ConfigurationError`` in a fork of the process that opened the session."""
        self._sessions.check_process()

    @property
    def is_forked(self) -> bool:
        """Whether this process is a fork of the one that opened the session."""
        return self._sessions.is_forked

    def reopen(self) -> None:
        """Accept requests again after ``aclose``."""
        self._sessions.reopen()

    def call(
        self,
        request: Request,
        read: Callable[[RawResponse], T],
        stats: RequestStats,
        *,
        before_retry: Callable[[], Awaitable[None]] | None = None,
        attempts: list[Attempt] | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Send *request*, retry it by the policy, and return ``read(response)``.

        *before_retry* is awaited before each retry. If it raises an error that the policy does not
        retry, the call ends with that error. Each attempt is appended to *attempts* before it is
        sent.
        """
        self._sessions.check_open()
        return self._retrying.call(
            request,
            self._authorize,
            read,
            stats,
            before_retry=before_retry,
            attempts=attempts,
        )

    async def call_within(
        self,
        deadline: Deadline,
        request: Request,
        read: Callable[[RawResponse], T],
        stats: RequestStats,
        *,
        before_retry: Callable[[], Awaitable[None]] | None = None,
        attempts: list[Attempt] | None = None,
    ) -> T:
        """Do what ``call`` does, but for no longer than *deadline* allows."""
        try:
            async with deadline.enforce():
                return await self.call(
                    request, read, stats, before_retry=before_retry, attempts=attempts
                )
        except PaysdkError as error:
            self.explain(error, request)
            raise

    def explain(self, error: PaysdkError, request: Request) -> None:
        """Set the request on *error*, and remove any key that the response repeated."""
        redact_error(error, self._keys).at(
            self.provider, request.method, self.settings.origin + request.target
        )

    def check_link(self, query: str) -> None:
        """Raise ``PaginationError`` if *query*, which comes from a response, contains the key."""
        if any(key.occurs_in(query) for key in self._keys):
            raise PaginationError(
                "The link to the next page contains the API key, and a key must not be in a URL. "
                "Tell the provider."
            ).quoting()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start *work* as a task. ``aclose`` cancels it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # If the result is never awaited, asyncio must not log the exception as never retrieved.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def wait_for(self, task: asyncio.Task[T]) -> T:
        """Wait for a task that ``start`` returned, and return its result.

        Raises ``ConfigurationError`` if this client was closed in the meantime, even if it is open
        again now.
        """
        self._sessions.check_process()
        try:
            return await task
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if (
                task not in self._ended_by_closing
                or not task.cancelled()
                or (me and me.cancelling())
            ):
                raise
        if self._sessions.closed:
            raise self._sessions.closed_error()
        raise ConfigurationError(
            f"This {self.provider} provider was closed while this operation was running. Start the "
            "operation again. Resume a listing from the error's checkpoint."
        )

    async def aclose(self) -> None:
        """Cancel the running tasks and close the connections."""
        self._sessions.closed = True
        if self._sessions.is_forked:
            return
        loop = asyncio.get_running_loop()
        mine = [task for task in tuple(self._tasks) if task.get_loop() is loop]
        self._ended_by_closing.update(mine)
        for task in mine:
            task.cancel()
        try:
            await asyncio.gather(*mine, return_exceptions=True)
        finally:
            # Close the connections even if this is cancelled while it waits.
            await self._sessions.aclose()

    async def _authorize(self, refused: Secret | None = None) -> Secret:
        source = self.settings.key
        if not self._scheme:
            return Secret("")
        tell: Callable[[str], object] | None = getattr(source, "refused", None)
        if refused is not None and tell is not None:
            tell(refused.reveal().removeprefix(f"{self._scheme} "))
        key = (
            source if isinstance(source, Secret) else check_key(Secret(await _ask_for_key(source)))
        )
        if key.reveal() not in map(Secret.reveal, self._keys):
            self._keys = [*self._keys[1 - _KEYS_REMEMBERED :], key]
        return Secret(f"{self._scheme} {key.reveal()}")


def _ask_for_key(source: Callable[[], Awaitable[str]]) -> Awaitable[str]:
    given: object = source()
    if inspect.isawaitable(given):
        return given
    kind = type(given).__name__
    del given  # it may be the key
    raise ConfigurationError(
        "api_key must be a str or an async callable that returns one. This callable is not async: "
        f"it returned a {kind}."
    )
