"""One attempt over HTTP, by aiohttp."""

from __future__ import annotations

import asyncio
import os
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from yarl import URL

from paysdk.errors import (
    ConfigurationError,
    ConnectionFailedError,
    MalformedResponseError,
    PaysdkError,
    RequestTimeoutError,
    TransportError,
)
from paysdk.events import RequestFailed, RequestSent, ResponseReceived
from paysdk.transport.credentials import drop_tracebacks, redact_passwords
from paysdk.transport.messages import Request, Response
from paysdk.transport.policy import means_not_processed
from paysdk.transport.proxies import find_proxy_passwords

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    from aiohttp.abc import AbstractStreamWriter

    from paysdk.transport.observer import Attempt, EventEmitter

__all__ = ["HTTPTransport"]

# Far above any page (10,000 of Campfire's payments are some 4 MB) and far below what hurts.
MAX_RESPONSE_BYTES = 256 * 2**20
# What an API says about an error takes a few hundred.
_MAX_ERROR_BYTES = 64 * 2**10
# A small compressed body can unpack to hundreds of megabytes, and reading it never waits. So the
# event loop runs after each portion of this size.
_BYTES_PER_TURN = 4 * 2**20

# ClientHttpProxyError: the proxy did not open the tunnel, so nothing reached the provider.
_CONNECTION_NOT_MADE = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
)
# aiohttp's own limit is 8 KiB, and links or cookies of a gateway can be longer.
_MAX_HEADER_BYTES = 64 * 2**10


# asyncio.timeout() bounds the attempt, whatever a given session's own limits are.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


_CHECK_THE_WAY = "Check base_url and the proxy of your session."


class _ConnectionLostError(aiohttp.ClientError):
    """A connection broke: said in a way that aiohttp does not take for an invitation."""


class _UnsharedHost(str):
    """A host name that equals only itself.

    aiohttp keeps connections by host name, so a request that has one of these gets a connection of
    its own. The server sees the same name as ever.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class _Body(aiohttp.BytesPayload):
    """A body that tells when it begins to go out.

    Until then there was no connection for it, and nobody can have acted on it.
    """

    def __init__(self, body: bytes, begins: Callable[[], None]) -> None:
        super().__init__(body)
        self._begins = begins

    async def write(self, writer: AbstractStreamWriter) -> None:
        await self.write_with_length(writer, None)

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        self._begins()
        await super().write_with_length(writer, content_length)


class _LastMiddleware:
    """Runs after the session's own middlewares, and notes whether the request went out."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._begun = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if isinstance(body := request.body, aiohttp.BytesPayload):
            await request.update_body(_Body(await body.as_bytes(), self._begins))
            # Another middleware may send it a second time.
            self._attempt.may_have_been_processed = self._begun
        else:
            self._begins()
        # aiohttp sends a GET again by itself when a kept-alive connection turns out to be dropped.
        # That sending would be in no log, no limiter and no report, so the error is kept from it
        # and the retries are left to paysdk.
        try:
            return await handler(request)
        except _CONNECTION_NOT_MADE:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise _ConnectionLostError(_describe(error)) from None

    def _begins(self) -> None:
        self._begun = self._attempt.may_have_been_processed = True


async def _close_at_exit(session: aiohttp.ClientSession) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await session.close()


class HTTPTransport:
    """Sends to one origin, over a session that was given or over one of its own.

    Each event loop has a session of its own, also where several run at a time, in threads. A given
    session is never closed. While ``closed`` is true nothing is sent, so that an operation that
    outlives ``aclose`` cannot open a session that nobody closes.
    """

    def __init__(
        self,
        provider: str,
        origin: str,
        session: aiohttp.ClientSession | None,
        timeout: float,
        events: EventEmitter,
    ) -> None:
        given: object = session
        if given is not None and not isinstance(given, aiohttp.ClientSession):
            raise ConfigurationError(f"session must be an aiohttp.ClientSession, not {session!r}.")
        self.closed: bool = False
        self._provider = provider
        self._origin = origin
        self._given = session
        self._timeout = timeout
        self._events = events
        self._own: dict[
            asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, AsyncGenerator[None]]
        ] = {}
        # The process that opened this. A fork of it shares its sockets, and must neither use nor
        # close them.
        self._process: int | None = None if session is None else os.getpid()
        self._of_the_parent: list[object] = []

    async def send(self, request: Request, attempt: Attempt) -> Response:
        """Send *request* once and read the response: of an error only the first 64 KiB.

        Raises ``ConnectionFailedError`` or ``RequestTimeoutError``. Neither has aiohttp's exception
        in its chain: the frames and request descriptions that hang on those hold the key. Raises
        ``MalformedResponseError`` for a body that is too large, and ``ConfigurationError`` where
        this transport or the given session is closed.
        """
        url = self._origin + request.target
        session = await self._session()
        started = time.perf_counter()
        self._events.emit(RequestSent(self._provider, request.method, url, attempt.number))
        attempt.stats.requests += 1
        attempt.may_have_been_processed = True
        failure: PaysdkError
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._exchange(session, request, url, attempt)
        except (TimeoutError, aiohttp.ClientError, OSError, PaysdkError) as error:
            # A body tells by itself, for another middleware may have sent it before a connection
            # could not be made.
            sent = attempt.may_have_been_processed and (
                request.body is not None or not isinstance(error, _CONNECTION_NOT_MADE)
            )
            failure = self._as_paysdk_error(error, session, sent=sent)
            attempt.may_have_been_processed = not getattr(failure, "never_sent", False)
        except BaseException as error:
            # Cancelled, or failed in a part of the given session's own, such as a middleware.
            drop_tracebacks(error)
            self._emit_failure(request, url, attempt, started, error)
            raise
        else:
            attempt.may_have_been_processed = not means_not_processed(response.status)
            seconds = time.perf_counter() - started
            self._events.emit(
                ResponseReceived(
                    self._provider,
                    request.method,
                    url,
                    attempt.number,
                    response.status,
                    seconds,
                    len(response.body),
                )
            )
            return response
        self._emit_failure(request, url, attempt, started, failure)
        raise failure

    def reopen(self) -> None:
        """Accept requests again after ``aclose``, also in a fork of the process that opened this."""
        self.closed = False
        if self._given is None:
            if self.is_forked:
                self._of_the_parent.append(self._own)  # kept, because what is collected is closed
                self._own = {}
            self._process = os.getpid()

    @property
    def is_forked(self) -> bool:
        """Whether another process opened this, and this one was forked from it."""
        return self._process not in {None, os.getpid()}

    def check_open(self) -> None:
        """Raise ``ConfigurationError`` if this takes no requests."""
        if self.is_forked:
            raise ConfigurationError(
                f"This {self._provider} provider was opened before this process was forked, and "
                "works in the process that opened it only. "
                "Nothing was sent. Make and enter another one in this process."
            )
        if self.closed:
            raise self.closed_error()

    def closed_error(self) -> ConfigurationError:
        """What using this after ``aclose`` raises."""
        return ConfigurationError(
            f"This {self._provider} provider is closed. Enter it again with 'async with', or "
            "make another."
        )

    async def aclose(self) -> None:
        """Send nothing any more, and close the session of this event loop, if it is ours."""
        self.closed = True
        await self._end(asyncio.get_running_loop())

    async def _end(self, here: asyncio.AbstractEventLoop) -> None:
        """Close the session of this loop, and those of loops that were closed without closing theirs."""
        for loop in list(self._own):
            if loop is here or loop.is_closed():
                _, closer = self._own.pop(loop)
                await closer.aclose()

    async def _session(self) -> aiohttp.ClientSession:
        self.check_open()
        if self._given is not None:
            if self._given.closed:
                raise ConfigurationError(
                    "The session that was given is closed. Give an open one, or none."
                )
            return self._given
        loop = asyncio.get_running_loop()
        if loop not in self._own or self._own[loop][0].closed:
            await self._end(loop)
            self._process = os.getpid()
            from importlib.metadata import version  # noqa: PLC0415  # takes longer to import than the rest of this module

            session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "User-Agent": f"paysdk/{version('paysdk')}",
                    "Accept": "application/json, */*;q=0.5",
                },
            )
            # An event loop closes the async generators that were started in it before it ends
            # (loop.shutdown_asyncgens), so the session of a provider that nobody closed goes with
            # its loop.
            closer = _close_at_exit(session)
            self._own[loop] = session, closer
            await anext(closer)
        return self._own[loop][0]

    async def _exchange(
        self, session: aiohttp.ClientSession, request: Request, url: str, attempt: Attempt
    ) -> Response:
        target = URL(url, encoded=True)
        headers = {"Authorization": attempt.authorization.reveal()}
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        own_connection: str | None = None
        if request.method != "GET":
            # A server may close a kept-alive connection at the moment when it is used again. A GET
            # is retried then; of a POST it would be unknown whether it was processed.
            own_connection = _UnsharedHost(target.raw_host or "")
            headers["Connection"] = "close"
        # Middlewares given with a request replace those of a user's session, which have no public
        # name.
        others = session._middlewares  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # see above
        async with session.request(
            request.method,
            target,
            data=request.body,
            headers=headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=_NO_TIMEOUT,
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
            server_hostname=own_connection,
            middlewares=(*others, _LastMiddleware(attempt)),
        ) as response:
            body = await _read(response)
            found = {name.lower(): value for name, value in response.headers.items()}
            if "link" in found:
                found["link"] = ", ".join(
                    response.headers.getall("Link")
                )  # its links may come in several fields (RFC 8288, section 3)
            if response.status >= HTTPStatus.BAD_REQUEST and (
                passwords := find_proxy_passwords(session)
            ):
                # It may be the proxy's own, and repeat what the proxy was sent.
                found = {name: redact_passwords(value, passwords) for name, value in found.items()}
                body = redact_passwords(body.decode("latin-1"), passwords).encode("latin-1")
            return Response(response.status, found, body)

    def _as_paysdk_error(
        self, error: Exception, session: aiohttp.ClientSession, *, sent: bool
    ) -> PaysdkError:
        if isinstance(error, PaysdkError):
            drop_tracebacks(error)
            return error
        failure: TransportError
        if isinstance(error, TimeoutError):
            what = "complete response" if sent else "connection"
            failure = RequestTimeoutError(
                f"No {what} within the timeout of {self._timeout:g} s for one attempt"
            ).quoting()
        elif isinstance(error, aiohttp.ClientHttpProxyError):
            what = _one_line(redact_passwords(error.message, find_proxy_passwords(session)))
            failure = ConnectionFailedError(
                f"The proxy made no connection to the provider and responded {error.status} {what}. "
                "Check the proxy of your session, and its user and password."
            ).quoting(what)
        else:
            what = redact_passwords(_describe(error), find_proxy_passwords(session))
            failure = ConnectionFailedError(f"No complete response: {what}").quoting(what)
        failure.never_sent = not sent
        return failure

    def _emit_failure(
        self, request: Request, url: str, attempt: Attempt, started: float, error: BaseException
    ) -> None:
        seconds = time.perf_counter() - started
        self._events.emit(
            RequestFailed(
                self._provider, request.method, url, attempt.number, seconds, type(error).__name__
            )
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _describe(error: BaseException) -> str:
    if isinstance(error, _ConnectionLostError):
        return str(error)
    if any(isinstance(linked, LineTooLong) for linked in _causes(error)):
        return (
            f"one of its headers is longer than {_MAX_HEADER_BYTES:,} bytes. Tell the provider, or "
            "the people who run the gateway in front of it."
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return f"it is not valid HTTP: {_one_line(error.message)}. {_CHECK_THE_WAY}"
    if isinstance(error, aiohttp.ClientPayloadError):
        cause = error.__cause__
        said = cause.message if isinstance(cause, HttpProcessingError) else str(error)
        return f"its body is cut off or damaged: {_one_line(said)}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


async def _read(response: aiohttp.ClientResponse) -> bytes:
    refused = response.status >= HTTPStatus.MULTIPLE_CHOICES
    chunks: list[bytes] = []
    size, turn = 0, _BYTES_PER_TURN
    async for chunk in response.content.iter_any():
        size += len(chunk)
        chunks.append(chunk)
        if size >= turn:
            turn = size + _BYTES_PER_TURN
            await asyncio.sleep(0)
        if refused and size >= _MAX_ERROR_BYTES:
            return b"".join(chunks)[:_MAX_ERROR_BYTES]
        if size > MAX_RESPONSE_BYTES:
            raise MalformedResponseError(
                f"The response is larger than {MAX_RESPONSE_BYTES:,} bytes and was not read to its "
                "end."
            ).quoting()
    return b"".join(chunks)
