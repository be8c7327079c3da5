"""Tests of what providers over JSON and HTTP share: settings, ownership and arguments."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import os
import pickle
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import aiohttp
import attrs
import pytest

from paysdk.errors import (
    AuthenticationError,
    ConfigurationError,
    ServerError,
    UnsupportedFilterError,
)
from paysdk.providers.campfire.provider import CampfireProvider
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.providers.notify.provider import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.rest import (
    RestProvider,
    RestSettings,
    check_page_size,
    refuse_filters,
    wrap_key,
)
from paysdk.testing import FaultPlan, hang, status
from paysdk.transport.client import Settings
from paysdk.transport.credentials import Secret
from paysdk.transport.messages import ErrorDetails
from paysdk.transport.policy import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk import RawResponse
    from tests.conftest import Until

Provider = type[CampfireProvider] | type[NotifyProvider]
SandboxClass = type[CampfireSandbox] | type[NotifySandbox]

PROVIDERS = pytest.mark.parametrize(
    "provider", [CampfireProvider, NotifyProvider], ids=lambda provider: provider.name
)
PAIRS = pytest.mark.parametrize(
    ("provider", "sandbox"),
    [(CampfireProvider, CampfireSandbox), (NotifyProvider, NotifySandbox)],
    ids=["campfire", "notify"],
)


@PROVIDERS
@pytest.mark.parametrize(
    ("setting", "wrong"),
    [
        *[
            ("api_key", wrong)
            for wrong in ("", " ", "Token x", "x\n", "ключ", None, 7, b"sandbox-key")
        ],
        *[
            ("base_url", wrong)
            for wrong in (
                "",
                "example.com",
                "http://example.com",
                "https://example.com/v2?x",
                "https://u@example.com",
                7,
            )
        ],
        *[("session", wrong) for wrong in ("session", 7, aiohttp.ClientSession)],
        *[("retry", wrong) for wrong in (None, 3, True)],
        *[("timeout", wrong) for wrong in (None, 0, -1, True, "60", float("nan"), float("inf"))],
        *[("deadline", wrong) for wrong in (0, -1, True, "60", float("nan"), float("inf"))],
        *[("limiter", wrong) for wrong in (7, True)],
        *[("on_malformed", wrong) for wrong in (7, True, "drop")],
        *[("on_event", wrong) for wrong in (7, True, "log")],
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_wrong_setting(
    provider: Provider, setting: str, wrong: object, told_by: Callable[[BaseException], str]
) -> None:
    """A wrong setting is refused by name, and the error does not contain the key."""
    given: dict[str, Any] = {"api_key": "sandbox-key", setting: wrong}
    with pytest.raises(ConfigurationError, match=setting) as raised:
        provider(**given)
    assert "sandbox-key" not in str(raised.value)
    if setting != "api_key":
        assert "sandbox-key" not in told_by(raised.value)


@PROVIDERS
def test_making_opens_nothing(provider: Provider) -> None:
    """A provider can be made without an event loop, and discarded unused."""
    provider("sandbox-key")
    gc.collect()


@PROVIDERS
def test_closing_what_was_never_used(provider: Provider) -> None:
    """Closing an unused provider opens nothing."""

    async def close() -> None:
        made = provider("sandbox-key")
        await made.aclose()
        async with provider("sandbox-key"):
            pass

    asyncio.run(close())


@PROVIDERS
def test_key_is_not_shown(provider: Provider) -> None:
    """No repr and no attribute shows the key, and a pickle is refused."""
    made = provider("sandbox-key")
    assert f"{provider.__name__}(base_url={provider.default_base_url!r})" == repr(made)
    assert repr(made) == str(made)
    assert "sandbox-key" not in repr(vars(made))
    assert "sandbox-key" not in repr(vars(made._client))
    with pytest.raises(TypeError, match="make another provider in the other process"):
        pickle.dumps(made)


def test_filters_that_an_api_has_not_are_refused() -> None:
    """The first unsupported filter is named, even if its value is false."""
    refuse_filters("Acme", voided=None, modified_since=None)
    with pytest.raises(
        UnsupportedFilterError,
        match=r"Acme cannot filter by voided\. List all payments, and choose from them",
    ):
        refuse_filters("Acme", modified_since=None, voided=False)


@pytest.mark.parametrize("provider", [RestProvider, CampfireProvider, NotifyProvider])
def test_signature_spells_out_the_settings(provider: type[RestProvider]) -> None:
    """Each setting is a parameter of the class, with its default."""
    parameters = inspect.signature(provider).parameters
    assert RestSettings.__annotations__.keys() <= parameters.keys()
    assert "api_key" == next(iter(parameters))
    assert [] == [name for name, taken in parameters.items() if taken.kind is taken.VAR_KEYWORD]
    assert (60.0, RetryPolicy(), None, False) == tuple(
        parameters[name].default for name in ("timeout", "retry", "deadline", "allow_http")
    )


def test_signature_of_an_own_constructor_is_its_own() -> None:
    """A constructor without the settings keeps its own signature."""

    class Bare(RestProvider):
        name = "bare"

        def __init__(self, key: str, **options: str) -> None:
            super().__init__(key)
            self.options = options

    class Nothing(RestProvider):
        def __init__(self) -> None:
            super().__init__("sandbox-key")

    class Inherited(CampfireProvider):
        """Adds nothing."""

    assert ["key", "options"] == [*inspect.signature(Bare).parameters]
    assert [] == [*inspect.signature(Nothing).parameters]
    assert inspect.signature(CampfireProvider) == inspect.signature(Inherited)


def test_settings_that_are_checked_are_those_that_are_passed_on() -> None:
    """Exactly the settings that a constructor passes on are checked."""
    checked = {field.name for field in attrs.fields(Settings)}
    assert checked - {"key", "default_base_url", "origin"} == RestSettings.__annotations__.keys()


@PROVIDERS
def test_unknown_setting_is_a_type_error(provider: Provider) -> None:
    """A misspelt setting is named with the class, and without the key."""
    misspelt: dict[str, Any] = {"time_out": 3}
    with pytest.raises(TypeError) as raised:
        provider("sandbox-key", **misspelt)
    assert f"{provider.__name__} has no setting 'time_out'." == str(raised.value)


def test_key_is_wrapped_once() -> None:
    """A key is wrapped once, and a callable is not changed."""

    async def key() -> str:
        return "sandbox-key"

    wrapped = wrap_key("sandbox-key")
    assert isinstance(wrapped, Secret)
    assert wrapped is wrap_key(wrapped)
    assert key is wrap_key(key)


@PAIRS
async def test_given_session_stays_open(provider: Provider, sandbox: SandboxClass) -> None:
    """The user's session is used, and stays open."""
    async with sandbox() as running, aiohttp.ClientSession() as session:
        async with provider(running.api_key, base_url=running.url, session=session) as made:
            assert await made.list_payments().first() is not None
        assert not session.closed


@PAIRS
async def test_used_after_closing(provider: Provider, sandbox: SandboxClass) -> None:
    """A closed provider says what to do, and works after it is entered again."""
    async with sandbox() as running:
        made = provider(running.api_key, base_url=running.url)
        async with made:
            first = await made.list_payments().first()
        await made.aclose()
        with pytest.raises(
            ConfigurationError,
            match=r"This \w+ provider is closed\. Enter it again with 'async with', or ",
        ):
            await made.list_payments().first()
        async with made as again:
            assert made is again
            assert first == await again.list_payments().first()


@PAIRS
async def test_used_without_entering(provider: Provider, sandbox: SandboxClass) -> None:
    """A provider works without `async with`, if it is closed."""
    async with sandbox() as running:
        made = provider(running.api_key, base_url=running.url)
        assert await made.list_payments().first() is not None
        await made.aclose()


@PAIRS
@pytest.mark.parametrize("entered", [True, False], ids=["entered", "never closed"])
def test_another_event_loop(provider: Provider, sandbox: SandboxClass, *, entered: bool) -> None:
    """One object works in one event loop after another, closed in between or not."""
    made = provider("test_sandbox", base_url="http://127.0.0.1:1")
    running = sandbox(api_key="test_sandbox")

    async def use() -> int:
        async with running:
            # The sandbox has another port each time.
            made._client._http._origin = running.url
            if not entered:
                return len(await made.list_payments().collect(limit=3))
            async with made:
                return len(await made.list_payments().collect(limit=3))

    assert [3, 3, 3] == [asyncio.run(use(), debug=True) for _ in range(3)]
    gc.collect()


@PAIRS
async def test_wrong_key_is_not_shown(
    provider: Provider,
    sandbox: SandboxClass,
    caplog: pytest.LogCaptureFixture,
    told_by: Callable[[BaseException], str],
) -> None:
    """A refused key is in no error, no log and no URL."""
    async with sandbox() as running, provider("another-key", base_url=running.url) as made:
        with caplog.at_level(logging.DEBUG), pytest.raises(AuthenticationError) as raised:
            await made.list_payments().first()
        assert [(False, False)] == [
            (request.authorised, "another-key" in request.target) for request in running.requests
        ]
    assert 401 == raised.value.status
    assert "another-key" not in told_by(raised.value)
    assert "another-key" not in caplog.text


@PAIRS
async def test_cancelled_in_the_middle(
    provider: Provider, sandbox: SandboxClass, told_by: Callable[[BaseException], str], until: Until
) -> None:
    """A cancelled request leaves no task behind, and its exception does not contain the key."""
    async with (
        sandbox(faults=FaultPlan().always(hang())) as running,
        provider(running.api_key, base_url=running.url) as made,
    ):
        before = asyncio.all_tasks()
        using = asyncio.create_task(made.list_payments().collect())
        await until(lambda: running.requests)
        using.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await using
        await asyncio.sleep(0)
        assert {task for task in asyncio.all_tasks() if "paysdk.listing" in repr(task)} <= before
    assert running.api_key not in told_by(raised.value)


@PAIRS
async def test_closed_from_another_task(
    provider: Provider, sandbox: SandboxClass, until: Until
) -> None:
    """Closing ends a request that waits, and opens nothing."""
    async with sandbox(faults=FaultPlan().always(hang())) as running:
        made = provider(running.api_key, base_url=running.url, retry=RetryPolicy(wait_initial=0))
        using = asyncio.create_task(made.list_payments().collect())
        await until(lambda: running.requests)
        await made.aclose()
        with pytest.raises(ConfigurationError, match="is closed"):
            await using
        assert 1 == len(running.requests)
        assert {} == made._client._sessions._own


LEAVINGS = {
    "break": """
        async for page in provider.list_payments(page_size=2).pages():
            break
    """,
    "break of payments": """
        async for payment in provider.list_payments(page_size=2):
            break
    """,
    "aclose": """
        pages = provider.list_payments(page_size=2).pages()
        await anext(pages)
        await pages.aclose()
    """,
    "error in the body": """
        try:
            async for payment in provider.list_payments(page_size=2):
                raise LookupError
        except LookupError:
            pass
    """,
    "collected as garbage": """
        pages = provider.list_payments(page_size=2).pages()
        await anext(pages)
        del pages
        gc.collect()
    """,
    "left half-way": """
        global kept  # so that it is not collected before the loop ends
        kept = provider.list_payments(page_size=2).pages()
        await anext(kept)
    """,
    "never started": """
        provider.list_payments(page_size=2).pages()
        provider.list_payments(page_size=2).collect().close()
    """,
    "cancelled": """
        using = asyncio.create_task(provider.list_payments(page_size=2).collect())
        await asyncio.sleep(0.005)
        using.cancel()
        await asyncio.gather(using, return_exceptions=True)
    """,
    "timed out": """
        try:
            async with asyncio.timeout(0.005):
                await provider.list_payments(page_size=1).collect()
        except TimeoutError:
            pass
    """,
    "failed": """
        try:
            await provider.list_payments(page_size=2, resume=bad).collect()
        except paysdk.NotFoundError:
            pass
    """,
    "first": """
        await provider.list_payments(page_size=2).first()
    """,
}

PROGRAM = """
import asyncio, gc, logging, sys
import paysdk
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.checkpoint import Checkpoint

bad = Checkpoint("campfire", "", '[["/coa/api/v1/invoice-payments?cursor=bad"]]')
ways = {{}}
# The test is about what the client leaves, not about how aiohttp stops a busy server.
logging.getLogger("aiohttp.server").disabled = True
{functions}

async def main(use, entered):
    async with CampfireSandbox(payments=60, latency=0.001) as sandbox:
        provider = paysdk.CampfireProvider("sandbox-key", base_url=sandbox.url)
        if entered:
            async with provider:
                await use(provider)
            tasks = asyncio.all_tasks()
            left = [task for task in tasks if "Walk" in repr(task) or "fetch" in repr(task)]
            print(*left, sep="\\n", end="")
        else:
            await use(provider)
        # asyncio prints a message if a server is closed while it accepts a connection.
        await asyncio.sleep(0.01)

for name, use in ways.items():
    for entered in (True, False):
        print(f"<<{{name}}>>", flush=True)
        print(f"<<{{name}}>>", file=sys.stderr)
        asyncio.run(main(use, entered))
        gc.collect()
"""


@pytest.fixture(scope="module")
def output_on_leaving() -> dict[str, str]:
    """Return the output of a program that leaves listings in every way. It must be empty."""
    functions = [
        f"async def use(provider):\n{textwrap.indent(textwrap.dedent(body).strip(), '    ')}\n"
        f"ways[{name!r}] = use"
        for name, body in LEAVINGS.items()
    ]
    command = [
        sys.executable,
        "-X",
        "dev",
        "-W",
        "error",
        "-c",
        PROGRAM.format(functions="\n".join(functions)),
    ]
    run = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONASYNCIODEBUG": "1"},
    )
    told: dict[str, str] = {}
    for output in (run.stdout, run.stderr):
        for part in output.split("<<")[1:]:
            name, _, text = part.partition(">>")
            # On a busy machine asyncio's debug mode remarks on whatever "took" long.
            told[name] = told.get(name, "") + "".join(
                line for line in text.splitlines() if " took " not in line
            )
    return told if run.returncode == 0 else {"crashed": run.stderr, **told}


@pytest.mark.parametrize("leaving", LEAVINGS)
def test_leaving_leaves_nothing_behind(leaving: str, output_on_leaving: dict[str, str]) -> None:
    """Leaving a listing leaves no task, no warning and nothing open."""
    assert "crashed" not in output_on_leaving, output_on_leaving["crashed"]
    assert "" == output_on_leaving[leaving]


@pytest.mark.parametrize(("value", "largest"), [(None, 5), (1, 5), (5, 5)])
def test_page_size(value: int | None, largest: int) -> None:
    """A page size may be anything from one to the largest, or None."""
    assert value == check_page_size(value, largest)


@pytest.mark.parametrize("wrong", [0, -1, 6, True, 2.0, "2"])
def test_wrong_page_size(wrong: object) -> None:
    """Another page size is refused with the bounds."""
    with pytest.raises(
        ConfigurationError, match="page_size must be a whole number from 1 to 5, not"
    ):
        check_page_size(wrong, 5)  # type: ignore[arg-type]  # what is refused


def test_rest_provider_is_what_the_providers_are() -> None:
    """Both providers are subclasses of `RestProvider`."""
    assert all(
        issubclass(provider, RestProvider) for provider in (CampfireProvider, NotifyProvider)
    )


async def test_an_explanation_that_fails_hides_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """If ``explain_error`` raises, the error is read in the usual way, retried, and raised."""

    class Failing(NotifyProvider):
        def explain_error(self, response: RawResponse) -> ErrorDetails | None:
            return ErrorDetails(detail=response.json()["Fault"]["Detail"])

    faults = FaultPlan().always(status(503, body=b'{"message": "We are down"}'))
    async with NotifySandbox(payments=1, faults=faults) as sandbox:
        retry = RetryPolicy(attempts=2, wait_initial=0, wait_jitter=0)
        async with Failing(sandbox.api_key, base_url=sandbox.url, retry=retry) as notify:
            with pytest.raises(ServerError, match="We are down"):
                await notify.list_payments().collect()
        assert 2 == len(sandbox.requests)
    assert (
        "Failing.explain_error raised KeyError for a response with status 503, so the response is "
        "read in the usual way."
    ) in caplog.messages
