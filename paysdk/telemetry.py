"""OpenTelemetry spans and metrics of a provider's requests. It needs the extra ``otel``.

    CampfireProvider(api_key, on_event=Telemetry())

The names and values follow OpenTelemetry's semantic conventions for HTTP clients:
https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span and
https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientrequestduration
"""

from __future__ import annotations

from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from paysdk.distribution import describe_missing

if find_spec("opentelemetry") is None:
    raise ModuleNotFoundError(
        describe_missing("paysdk.telemetry", "opentelemetry-api", "otel"), name="opentelemetry"
    )

from opentelemetry.metrics import get_meter
from opentelemetry.trace import SpanKind, StatusCode, get_tracer

from paysdk.events import (
    PageRead,
    RequestFailed,
    RequestSent,
    ResponseReceived,
    RetryPlanned,
    Waiting,
)

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from paysdk.events import Event

__all__ = ["Telemetry"]

_Attributes: TypeAlias = dict[str, str | int]

_NAME = "paysdk"
# The version of the conventions that the names come from.
_SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
# In seconds, as the conventions ask for.
_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# The methods that have a name in the conventions. Any other would be a name of the caller's choice.
_METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
_FIRST_ERROR_STATUS = 400


class Telemetry:
    """Makes a span for each attempt of a request, and measures requests, payments and waits.

    Pass it to any number of providers as ``on_event=``. Without *tracer_provider* and
    *meter_provider*, it uses the global ones, which may also be set later. A span belongs to the
    span that is current when the operation begins. No attribute has a key, a cursor or another
    value from a query: ``url.full`` has only the names of its parameters.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = get_tracer(_NAME, tracer_provider=tracer_provider, schema_url=_SCHEMA)
        meter = get_meter(_NAME, meter_provider=meter_provider, schema_url=_SCHEMA)
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BOUNDARIES,
        )
        self._payments = meter.create_counter(
            "paysdk.payments", "{payment}", "Payments that were listed."
        )
        self._waited = meter.create_counter(
            "paysdk.waited", "s", "Seconds that requests waited for a retry or a rate limit."
        )
        # The events of one attempt come from one task, one after the other. Each task has a context
        # of its own.
        self._open: ContextVar[tuple[Span, _Attributes] | None] = ContextVar("open", default=None)

    def __call__(self, event: Event) -> None:
        """Record an event of a provider."""
        match event:
            case RequestSent():
                self._begin(event)
            case ResponseReceived():
                failed = event.status >= _FIRST_ERROR_STATUS
                outcome: _Attributes = {"http.response.status_code": event.status}
                self._end(event, outcome | ({"error.type": str(event.status)} if failed else {}))
            case RequestFailed():
                self._end(event, {"error.type": event.error})
            case RetryPlanned() | Waiting():
                self._waited.add(event.wait, {"paysdk.provider": event.provider})
            case PageRead():
                self._payments.add(event.payments, {"paysdk.provider": event.provider})
            case _:
                pass

    def _begin(self, event: RequestSent) -> None:
        target = _describe_target(event)
        attributes = target | {"url.full": _redact(event.url), "paysdk.provider": event.provider}
        # The convention leaves the count out for the first attempt.
        if event.attempt > 1:
            attributes["http.request.resend_count"] = event.attempt - 1
        method = target["http.request.method"]
        if method == "_OTHER":
            attributes["http.request.method_original"] = event.method
        # "HTTP" is the convention's name for a method that is not in its list.
        name = "HTTP" if method == "_OTHER" else str(method)
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)
        self._open.set((span, target))

    def _end(self, event: ResponseReceived | RequestFailed, outcome: _Attributes) -> None:
        if (found := self._open.get()) is None:
            return
        self._open.set(None)
        span, target = found
        span.set_attributes(outcome)
        if "error.type" in outcome:
            span.set_status(StatusCode.ERROR)
        span.end()
        self._duration.record(event.seconds, target | outcome)


def _describe_target(event: RequestSent) -> _Attributes:
    """Return the attributes that the span and the metrics of a request share."""
    parts = urlsplit(event.url)
    attributes: _Attributes = {
        "http.request.method": event.method if event.method in _METHODS else "_OTHER"
    }
    if parts.hostname is not None:
        attributes["server.address"] = parts.hostname
        attributes["server.port"] = parts.port or (443 if parts.scheme == "https" else 80)
    return attributes


def _redact(url: str) -> str:
    """Return the URL without a login, and with only the names of its parameters."""
    parts = urlsplit(url)
    names = (part.partition("=")[:2] for part in parts.query.split("&") if part)
    query = "&".join(f"{name}=REDACTED" if equals else "REDACTED" for name, equals in names)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment="").geturl()
