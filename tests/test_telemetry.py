"""Tests of the spans and metrics."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

import paysdk.telemetry
from paysdk import CampfireProvider, ConnectionFailedError, RetryPolicy
from paysdk.events import RepeatDropped, RequestFailed, RequestSent, ResponseReceived, Waiting
from paysdk.telemetry import Telemetry
from paysdk.testing import FaultPlan, open_sandbox, reset, status

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://api.example.com/payments?limit=100&cursor=c2VjcmV0"


@attrs.frozen
class Recorder:
    """A telemetry whose spans and metrics stay in memory."""

    telemetry: Telemetry
    tracer: Tracer
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that have ended."""
        return self.exporter.get_finished_spans()

    def points(self, name: str) -> list[Any]:
        """The data points of a metric."""
        data: Any = self.reader.get_metrics_data()
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A telemetry of its own for each test."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    traces, metrics = TracerProvider(), MeterProvider([reader])
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = Telemetry(tracer_provider=traces, meter_provider=metrics)
    yield Recorder(telemetry, traces.get_tracer("test"), exporter, reader)
    traces.shutdown()
    metrics.shutdown()


def sent(method: str = "GET", url: str = URL, attempt: int = 1) -> RequestSent:
    """A request that goes out."""
    return RequestSent("campfire", method, url, attempt)


def test_span_of_a_success(recorder: Recorder) -> None:
    """A span has the attributes that the conventions require, and no value of the query."""
    recorder.telemetry(sent())
    recorder.telemetry(ResponseReceived("campfire", "GET", URL, 1, 200, 0.25, 267))
    (span,) = recorder.spans

    assert ("GET", SpanKind.CLIENT, StatusCode.UNSET) == (
        span.name,
        span.kind,
        span.status.status_code,
    )
    assert {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "api.example.com",
        "server.port": 443,
        "url.full": "https://api.example.com/payments?limit=REDACTED&cursor=REDACTED",
        "paysdk.provider": "campfire",
    } == span.attributes


def test_metric_of_a_success(recorder: Recorder) -> None:
    """The duration has the attributes and the boundaries of the conventions."""
    recorder.telemetry(sent())
    recorder.telemetry(ResponseReceived("campfire", "GET", URL, 1, 200, 0.25, 267))
    (point,) = recorder.points("http.client.request.duration")

    assert (1, 0.25) == (point.count, point.sum)
    assert (0.005, 10) == (point.explicit_bounds[0], point.explicit_bounds[-1])
    assert {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "api.example.com",
        "server.port": 443,
    } == point.attributes


def test_error_status(recorder: Recorder) -> None:
    """For a client, a status of 4xx or 5xx is an error, whose type is the status."""
    recorder.telemetry(sent())
    recorder.telemetry(ResponseReceived("campfire", "GET", URL, 1, 404, 0.25, 267))
    (span,), (point,) = recorder.spans, recorder.points("http.client.request.duration")
    assert span.attributes is not None

    assert StatusCode.ERROR == span.status.status_code
    assert "404" == span.attributes["error.type"]
    assert 404 == span.attributes["http.response.status_code"]
    assert "404" == point.attributes["error.type"]


def test_no_response(recorder: Recorder) -> None:
    """Without a response, the type of the error is the class, and there is no status."""
    recorder.telemetry(sent(attempt=3))
    recorder.telemetry(RequestFailed("campfire", "GET", URL, 3, 0.5, "ConnectionFailedError"))
    (span,) = recorder.spans

    assert StatusCode.ERROR == span.status.status_code
    assert span.attributes is not None
    assert "ConnectionFailedError" == span.attributes["error.type"]
    assert 2 == span.attributes["http.request.resend_count"]
    assert "http.response.status_code" not in span.attributes


def test_unknown_method(recorder: Recorder) -> None:
    """A method that is not in the list of the conventions becomes `_OTHER`."""
    recorder.telemetry(sent("PURGE"))
    recorder.telemetry(RequestFailed("campfire", "PURGE", URL, 1, 0.5, "CancelledError"))
    (span,) = recorder.spans

    assert "HTTP" == span.name
    assert span.attributes is not None
    assert ("_OTHER", "PURGE") == (
        span.attributes["http.request.method"],
        span.attributes["http.request.method_original"],
    )


@pytest.mark.parametrize(
    ("url", "shown", "server"),
    [
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", ("127.0.0.1", 8080)),
        ("http://example.com/x?", "http://example.com/x", ("example.com", 80)),
        ("https://me:hush@[::1]/x?c2VjcmV0#top", "https://[::1]/x?REDACTED", ("::1", 443)),
        ("/x?a=1&&b=", "/x?a=REDACTED&b=REDACTED", (None, None)),
    ],
)
def test_url(
    recorder: Recorder, url: str, shown: str, server: tuple[str | None, int | None]
) -> None:
    """A URL is shown without a login and without the values of its query."""
    recorder.telemetry(sent(url=url))
    recorder.telemetry(ResponseReceived("campfire", "GET", url, 1, 200, 0.25, 267))
    attributes = recorder.spans[0].attributes
    assert attributes is not None

    assert shown == attributes["url.full"]
    assert server == (attributes.get("server.address"), attributes.get("server.port"))


def test_end_without_a_beginning(recorder: Recorder) -> None:
    """The end of a request that began before the telemetry was switched on is ignored."""
    recorder.telemetry(ResponseReceived("campfire", "GET", URL, 1, 200, 0.25, 267))

    assert () == recorder.spans


def test_other_events(recorder: Recorder) -> None:
    """A wait is counted, and a repeat counts neither as a payment nor as a request."""
    recorder.telemetry(Waiting("campfire", "GET", URL, 2.0))
    recorder.telemetry(Waiting("campfire", "GET", URL, 0.5))
    recorder.telemetry(RepeatDropped("notify", "7"))
    (point,) = recorder.points("paysdk.waited")

    assert (2.5, {"paysdk.provider": "campfire"}) == (point.value, point.attributes)
    assert () == recorder.spans


async def test_spans_of_a_listing(recorder: Recorder) -> None:
    """Each attempt has a span below the current one, although each page has its own task."""
    plan = FaultPlan().on(2, status(503)).on(5, reset("before"))
    async with (
        open_sandbox("campfire", payments=500, faults=plan) as sandbox,
        CampfireProvider(
            sandbox.api_key,
            base_url=sandbox.url,
            on_event=recorder.telemetry,
            retry=RetryPolicy(wait_initial=0.001),
        ) as campfire,
    ):
        with recorder.tracer.start_as_current_span("nightly"):
            await campfire.list_payments().collect()
    *attempts, nightly = recorder.spans

    assert 7 == len(attempts) == len(sandbox.requests)
    assert nightly.context is not None
    assert {nightly.context.span_id} == {each.parent.span_id for each in attempts if each.parent}
    shown: list[dict[str, Any]] = [dict(each.attributes or {}) for each in attempts]
    assert [(2, 1), (5, 1)] == [
        (number, each["http.request.resend_count"])
        for number, each in enumerate(shown)
        if "http.request.resend_count" in each
    ]
    assert ["503", "ConnectionFailedError"] == [
        each["error.type"] for each in shown if "error.type" in each
    ]
    (listed,) = recorder.points("paysdk.payments")
    assert 500 == listed.value
    assert 7 == sum(point.count for point in recorder.points("http.client.request.duration"))
    (waited,) = recorder.points("paysdk.waited")
    assert waited.value >= 0


async def test_nothing_secret_in_the_attributes(recorder: Recorder) -> None:
    """No span and no metric has the key or a cursor."""
    async with (
        open_sandbox("campfire", payments=300) as sandbox,
        CampfireProvider(
            sandbox.api_key, base_url=sandbox.url, on_event=recorder.telemetry
        ) as campfire,
    ):
        await campfire.list_payments(external_id="btxn_22225").collect()
        await campfire.list_payments().collect()
    cursors = {each.query["cursor"] for each in sandbox.requests if each.query.get("cursor")}
    told = "".join(span.to_json() for span in recorder.spans)
    told += str(recorder.reader.get_metrics_data())

    assert 2 <= len(cursors)
    assert [] == [secret for secret in (*cursors, sandbox.api_key, "btxn_22225") if secret in told]


async def test_tasks_have_spans_of_their_own(recorder: Recorder) -> None:
    """Requests that are under way at the same time do not end each other's spans."""

    async def request(number: int) -> None:
        url = f"https://api.example.com/{number}"
        recorder.telemetry(sent(url=url))
        await asyncio.sleep(0)
        recorder.telemetry(ResponseReceived("campfire", "GET", url, 1, 200 + number, 0.1, 1))

    await asyncio.gather(*(request(number) for number in range(5)))

    assert {(f"https://api.example.com/{number}", 200 + number) for number in range(5)} == {
        ((span.attributes or {})["url.full"], (span.attributes or {})["http.response.status_code"])
        for span in recorder.spans
    }


async def test_request_that_fails_for_good(recorder: Recorder) -> None:
    """The span of a request that fails for good ends, too."""
    plan = FaultPlan().always(reset("before"))
    async with (
        open_sandbox("campfire", faults=plan) as sandbox,
        CampfireProvider(
            sandbox.api_key,
            base_url=sandbox.url,
            on_event=recorder.telemetry,
            retry=RetryPolicy(attempts=1),
        ) as campfire,
    ):
        with pytest.raises(ConnectionFailedError):
            await campfire.list_payments().first()

    assert [StatusCode.ERROR] == [span.status.status_code for span in recorder.spans]


def test_one_line_without_a_configured_sdk() -> None:
    """With the global providers, and none configured, it does nothing and costs nothing."""
    telemetry = Telemetry()
    telemetry(sent())
    telemetry(ResponseReceived("campfire", "GET", URL, 1, 200, 0.25, 267))


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the command that installs it."""
    monkeypatch.setattr("importlib.util.find_spec", {}.get)
    with pytest.raises(
        ModuleNotFoundError,
        match=r'opentelemetry-api, which is not installed: pip install "paysdk-async\[otel\]"',
    ):
        importlib.reload(paysdk.telemetry)
