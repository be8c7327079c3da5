"""Sends one attempt of a request over HTTP, with aiohttp."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from paysdk.distribution import __version__
from paysdk.errors import MalformedResponseError, PaysdkError
from paysdk.events import RequestFailed, RequestSent, ResponseReceived
from paysdk.transport.aiohttp_errors import (
    CONNECT_ERRORS,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    ConnectionLostError,
    as_paysdk_error,
    describe,
)
from paysdk.transport.credentials import drop_tracebacks, redact_passwords
from paysdk.transport.messages import RawResponse, Request
from paysdk.transport.policy import means_not_processed
from paysdk.transport.proxies import find_proxy_passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from aiohttp.abc import AbstractStreamWriter

    from paysdk.transport.credentials import Secret
    from paysdk.transport.observer import Attempt, EventEmitter
    from paysdk.transport.sessions import Sessions

__all__ = ["HTTPTransport"]

# Much larger than any page: 10,000 of Campfire's payments are about 4 MB. Much smaller than what
# would exhaust the memory.
MAX_RESPONSE_BYTES = 256 * 2**20
# The body of an API's error has a few hundred bytes.
_MAX_ERROR_BYTES = 64 * 2**10
# A small compressed body can unpack to hundreds of megabytes, and reading it never waits. So other
# tasks get a turn after each portion of this size.
_BYTES_PER_TURN = 4 * 2**20

# asyncio.timeout() limits the attempt, instead of the limits of the user's session.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


class _UnsharedHost(str):
    """A host name that equals only itself.

    aiohttp keeps its connections by host name. So a request with such a name gets a new connection
    that no other request uses. The server sees the usual name.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


class _Body(aiohttp.BytesPayload):
    """A body that calls *note_start* just before its first byte is sent.

    Before that the provider cannot have processed the request.
    """

    def __init__(self, body: bytes, note_start: Callable[[], None]) -> None:
        super().__init__(body)
        self._note_start = note_start

    async def write(self, writer: AbstractStreamWriter) -> None:
        await self.write_with_length(writer, None)

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        self._note_start()
        await super().write_with_length(writer, content_length)


class _FirstMiddleware:
    """Runs before the session's own middlewares, and sets the key.

    If the session has a login, such as one that ``trust_env=True`` takes from ``~/.netrc``, aiohttp
    refuses a request that has this header already.
    """

    def __init__(self, key: Secret) -> None:
        self._key = key

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self._key.reveal():
            request.headers["Authorization"] = self._key.reveal()
        return await handler(request)


class _LastMiddleware:
    """Runs after the session's own middlewares, and notes whether the request was sent."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._started = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if isinstance(body := request.body, aiohttp.BytesPayload):
            await request.update_body(_Body(await body.as_bytes(), self._note_start))
            # A middleware may call this a second time for the same request.
            self._attempt.may_have_been_processed = self._started
        else:
            self._note_start()
        # If the server has dropped a kept-alive connection, aiohttp itself sends a GET again. That
        # request would bypass the log, the limiter and the report. So aiohttp gets another error
        # here, and paysdk retries.
        try:
            return await handler(request)
        except CONNECT_ERRORS:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            raise ConnectionLostError(describe(error)) from None

    def _note_start(self) -> None:
        self._started = self._attempt.may_have_been_processed = True


class HTTPTransport:
    """Sends requests to one origin."""

    def __init__(
        self,
        provider: str,
        origin: str,
        sessions: Sessions,
        timeout: float,
        events: EventEmitter,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._provider = provider
        self._origin = origin
        self._sessions = sessions
        self._timeout = timeout
        self._events = events
        self._usual = _usual_headers()
        self._headers = headers or {}

    async def send(self, request: Request, attempt: Attempt) -> RawResponse:
        """Send *request* once and read the response. Of an error, read only the first 64 KiB.

        Raises ``ConnectionFailedError`` or ``RequestTimeoutError``, and ``MalformedResponseError``
        if the body is too large. Raises ``ConfigurationError`` if the provider or the user's
        session is closed.
        """
        url = self._origin + request.target
        session = await self._sessions.get()
        started = time.perf_counter()
        self._events.emit(RequestSent(self._provider, request.method, url, attempt.number))
        attempt.stats.requests += 1
        attempt.may_have_been_processed = True
        failure: PaysdkError
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._start(session, request, url, attempt) as received,
            ):
                response = await _read(received, session)
        except (TimeoutError, aiohttp.ClientError, OSError, PaysdkError) as error:
            # A body notes in *attempt* that its sending has begun. Then a connection error proves
            # nothing: a middleware may send the body, and then fail to make a second connection.
            sent = attempt.may_have_been_processed and (
                request.body is not None or not isinstance(error, CONNECT_ERRORS)
            )
            failure = as_paysdk_error(
                error, self._timeout, find_proxy_passwords(session), sent=sent
            )
            attempt.may_have_been_processed = not getattr(failure, "never_sent", False)
        except BaseException as error:
            # The task was cancelled, or a middleware of the user's session raised.
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
                    _limit_headers(response.headers, attempt.authorization),
                )
            )
            return response
        self._emit_failure(request, url, attempt, started, failure)
        raise failure

    def _headers_of(self, request: Request, session: aiohttp.ClientSession) -> CIMultiDict[str]:
        """Return the headers of *request*. Those of a provider replace the session's own."""
        headers = CIMultiDict(
            (name, value) for name, value in self._usual.items() if name not in session.headers
        )
        for name, value in (*self._headers.items(), *request.headers.items()):
            headers[name] = value
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        return headers

    def _start(
        self, session: aiohttp.ClientSession, request: Request, url: str, attempt: Attempt
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Return the context that sends *request* and yields the response."""
        target = URL(url, encoded=True)
        headers = self._headers_of(request, session)
        own_connection: str | None = None
        if request.method != "GET":
            # A server may close a kept-alive connection just when a request uses it again. A GET is
            # then retried. For a POST it would be unknown whether it was processed.
            own_connection = _UnsharedHost(target.raw_host or "")
            headers["Connection"] = "close"
        # The middlewares of a request replace those of the session, so they are repeated here. They
        # have no public name.
        others = session._middlewares  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # see above
        return session.request(
            request.method,
            target,
            data=request.body,
            headers=headers,
            allow_redirects=False,
            raise_for_status=False,
            timeout=_NO_TIMEOUT,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
            server_hostname=own_connection,
            middlewares=(
                _FirstMiddleware(attempt.authorization),
                *others,
                _LastMiddleware(attempt),
            ),
        )

    def _emit_failure(
        self, request: Request, url: str, attempt: Attempt, started: float, error: BaseException
    ) -> None:
        seconds = time.perf_counter() - started
        self._events.emit(
            RequestFailed(
                self._provider, request.method, url, attempt.number, seconds, type(error).__name__
            )
        )


def _limit_headers(headers: Mapping[str, str], key: Secret) -> dict[str, str]:
    """Return the headers about a rate limit, such as X-MinLimit-Remaining, without the key."""
    return {
        name: key.redact(value)
        for name, value in headers.items()
        if "limit" in name or "retry-after" in name
    }


def _usual_headers() -> dict[str, str]:
    return {"User-Agent": f"paysdk/{__version__}", "Accept": "application/json, */*;q=0.5"}


async def _read(response: aiohttp.ClientResponse, session: aiohttp.ClientSession) -> RawResponse:
    body = await _read_body(response)
    found = {name.lower(): value for name, value in response.headers.items()}
    if "link" in found:
        # The links may come in several fields (RFC 8288, section 3).
        found["link"] = ", ".join(response.headers.getall("Link"))
    if response.status >= HTTPStatus.BAD_REQUEST and (passwords := find_proxy_passwords(session)):
        # A proxy may have sent this response, and may repeat the password that it received.
        found = {name: redact_passwords(value, passwords) for name, value in found.items()}
        body = redact_passwords(body.decode("latin-1"), passwords).encode("latin-1")
    return RawResponse(response.status, found, body)


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    is_error = response.status >= HTTPStatus.MULTIPLE_CHOICES
    chunks: list[bytes] = []
    size, turn = 0, _BYTES_PER_TURN
    async for chunk in response.content.iter_any():
        size += len(chunk)
        chunks.append(chunk)
        if size >= turn:
            turn = size + _BYTES_PER_TURN
            await asyncio.sleep(0)
        if is_error and size >= _MAX_ERROR_BYTES:
            return b"".join(chunks)[:_MAX_ERROR_BYTES]
        if size > MAX_RESPONSE_BYTES:
            raise MalformedResponseError(
                f"The response is larger than {MAX_RESPONSE_BYTES:,} bytes, so paysdk stopped "
                "reading it."
            ).quoting()
    return b"".join(chunks)
