"""Translates the exceptions of aiohttp to paysdk's."""

from __future__ import annotations

from ssl import SSLError
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from paysdk.errors import (
    ConnectionFailedError,
    PaysdkError,
    RequestTimeoutError,
    TransportError,
)
from paysdk.transport.credentials import drop_tracebacks, redact_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CONNECT_ERRORS",
    "MAX_HEADERS",
    "MAX_HEADER_BYTES",
    "ConnectionLostError",
    "as_paysdk_error",
    "describe",
]

# aiohttp's own limit is 8 KiB, but a gateway can send longer links and cookies.
MAX_HEADER_BYTES = 64 * 2**10
# aiohttp's own limit is 128, but each gateway on the way may add its own.
MAX_HEADERS = 1000

# No connection to the provider was made. With ClientHttpProxyError the proxy opened no tunnel.
CONNECT_ERRORS = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
)
# TLS 1.3 (RFC 8446) has an alert for a client certificate that is missing. TLS 1.2 has none, so a
# server may send the general alert for a handshake that failed.
_CLIENT_CERTIFICATE = {
    "ALERT_CERTIFICATE_REQUIRED": "demands a client certificate",
    "ALERT_HANDSHAKE_FAILURE": "may demand a client certificate",
    "ALERT_UNKNOWN_CA": "does not trust the authority of the client certificate",
    "ALERT_CERTIFICATE_EXPIRED": "says that the client certificate has expired",
    "ALERT_BAD_CERTIFICATE": "does not accept the client certificate",
    "ALERT_CERTIFICATE_UNKNOWN": "does not accept the client certificate",
}
_SHOW_CERTIFICATE = "Name one with --client-cert, or in the ssl_context= of a program"
_CHECK_URL_AND_PROXY = "Check base_url and the proxy of your session."


class ConnectionLostError(aiohttp.ClientError):
    """A connection broke. aiohttp does not send the request again for an error of this class."""


def as_paysdk_error(
    error: Exception, timeout: float, passwords: tuple[str, ...], *, sent: bool
) -> PaysdkError:
    """Return the error of paysdk for *error*, which ended one attempt.

    *sent* says whether the provider may have received the request. The *passwords* of proxies are
    removed from the message. The error of aiohttp is not in the chain, because its frames and its
    description of the request hold the key.
    """
    if isinstance(error, PaysdkError):
        drop_tracebacks(error)
        return error
    failure: TransportError
    if isinstance(error, TimeoutError):
        what = "complete response" if sent else "connection"
        failure = RequestTimeoutError(
            f"No {what} within the timeout of {timeout:g} s for one attempt"
        ).quoting()
    elif isinstance(error, aiohttp.ClientHttpProxyError):
        what = _one_line(redact_passwords(error.message, passwords))
        failure = ConnectionFailedError(
            f"The proxy made no connection to the provider and responded {error.status} {what}. "
            "Check the proxy of your session, and its user and password."
        ).quoting(what)
    else:
        what = redact_passwords(describe(error), passwords)
        failure = ConnectionFailedError(f"No complete response: {what}").quoting(what)
    failure.never_sent = not sent
    return failure


def describe(error: BaseException) -> str:
    """Describe a broken connection or response in one line."""
    if isinstance(error, ConnectionLostError):
        return str(error)
    if any(isinstance(cause, LineTooLong) for cause in _walk_causes(error)):
        return (
            f"one of its headers is longer than {MAX_HEADER_BYTES:,} bytes. Tell the provider, or "
            "the people who run the gateway in front of it."
        )
    if isinstance(error, aiohttp.ClientResponseError):
        return f"it is not valid HTTP: {_one_line(error.message)}. {_CHECK_URL_AND_PROXY}"
    if isinstance(error, aiohttp.ClientPayloadError):
        cause = error.__cause__
        said = cause.message if isinstance(cause, HttpProcessingError) else str(error)
        return f"its body is cut off or damaged: {_one_line(said)}"
    name = type(error).__name__
    return f"{name}: {error}{_advise(error)}" if str(error) else name


def _advise(error: BaseException) -> str:
    """What to do about a certificate, or an empty text."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return (
            ". If a gateway or a proxy of yours signs connections, trust its authority: name its "
            "file in SSL_CERT_FILE or with --ca-file, or pass ssl_context= in a program"
        )
    alerts = [str(cause.reason) for cause in _walk_causes(error) if isinstance(cause, SSLError)]
    for alert, what in _CLIENT_CERTIFICATE.items():
        if any(alert in each for each in alerts):
            return f". The server {what}. {_SHOW_CERTIFICATE}"
    return ""


def _walk_causes(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _one_line(text: str) -> str:
    return " ".join(text.split())
