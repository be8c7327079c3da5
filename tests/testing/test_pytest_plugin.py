"""The plugin and the contract, run by pytest in another project."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from paysdk import testing
from paysdk.testing import FaultPlan, Sandbox

pytest_plugins = "pytester"

HOW_TO = Path(__file__).parents[2].joinpath("docs", "how-to", "test.md").read_text(encoding="utf-8")

# pytest-asyncio warns where this is not set.
SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")
PLUGIN = {
    "paysdk",
    "paysdk.distribution",
    "paysdk.lazy",
    "paysdk.testing",
    "paysdk.testing.pytest_plugin",
}
MODES = {
    "auto": ("-o", "asyncio_mode=auto", *SCOPE),
    "strict": ("-o", "asyncio_mode=strict", *SCOPE),
    "no plugin for asyncio": ("-p", "no:asyncio"),
}
CONTRACT = """
from paysdk import NotifyProvider
from paysdk.providers.notify.sandbox import NotifySandbox
from paysdk.testing import ContractSubject, ProviderContract


class TestMine(ProviderContract):
    def subject(self, payments):
        return ContractSubject(provider=NotifyProvider, sandbox=NotifySandbox(payments=payments))
"""


@pytest.fixture(autouse=True)
def own_configuration(pytester: pytest.Pytester) -> None:
    """Give the project its own configuration, so that pytest does not find paysdk's."""
    pytester.makeini("[pytest]")


def loaded_after(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after *code*."""
    command = [sys.executable, "-P", "-c", f"{code}\nimport sys\nprint(*sys.modules)"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.slow
def test_plugin_loads_nothing_but_itself() -> None:
    """Loading the plugin loads five small modules in addition to pytest."""
    assert PLUGIN == loaded_after("import pytest, paysdk.testing.pytest_plugin") - loaded_after(
        "import pytest, importlib, typing"
    )


@pytest.mark.slow
def test_testing_needs_no_pytest() -> None:
    """The contract can be imported without pytest."""
    assert set() == {"pytest", "_pytest"} & loaded_after("from paysdk.testing import *")


@pytest.mark.slow
def test_unused_plugin_changes_nothing(pytester: pytest.Pytester) -> None:
    """A run without the fixtures loads nothing of paysdk except the plugin."""
    pytester.makepyfile(f"""
        import sys

        def test_mine():
            ours = ("paysdk", "aiohttp")
            loaded = {{name for name in sys.modules if name.partition(".")[0] in ours}}
            assert {PLUGIN!r} == loaded
    """)
    pytester.runpytest_subprocess(*MODES["strict"], "-W", "error").assert_outcomes(passed=1)


@pytest.mark.slow
def test_fixtures_are_listed(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` lists the fixtures with their descriptions."""
    listed = pytester.runpytest_subprocess("--fixtures", "-p", "no:asyncio")
    listed.stdout.fnmatch_lines(["campfire_sandbox -*", "notify_sandbox -*"])
    listed.stdout.fnmatch_lines(["fault_plan -*", "*Which requests to the sandboxes fail*"])


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_sandboxes_in_async_tests(pytester: pytest.Pytester, mode: str) -> None:
    """Async tests can use the fixtures in both modes of pytest-asyncio."""
    pytester.makepyfile("""
        import pytest
        from paysdk import CampfireProvider, NotifyProvider

        @pytest.mark.asyncio
        async def test_both(campfire_sandbox, notify_sandbox):
            sandboxes = {CampfireProvider: campfire_sandbox, NotifyProvider: notify_sandbox}
            for kind, sandbox in sandboxes.items():
                async with kind(sandbox.api_key, base_url=sandbox.url) as provider:
                    payments = await provider.list_payments().collect()
                assert 1000 == len(payments) == len(sandbox.payments)
    """)
    pytester.runpytest_subprocess(*MODES[mode], "-W", "error").assert_outcomes(passed=1)


@pytest.mark.slow
def test_sandboxes_in_other_tests(pytester: pytest.Pytester) -> None:
    """Other tests can use the fixtures without a plugin for asyncio."""
    pytester.makepyfile("""
        import asyncio
        from paysdk import CampfireProvider

        def how_many(url, key):
            async def count():
                async with CampfireProvider(key, base_url=url) as campfire:
                    return len(await campfire.list_payments().collect())
            return asyncio.run(count())

        def test_tool(campfire_sandbox):
            assert 1000 == how_many(campfire_sandbox.url, campfire_sandbox.api_key)
            assert all(request.authorised for request in campfire_sandbox.requests)
    """)
    pytester.runpytest_subprocess(*MODES["no plugin for asyncio"], "-W", "error").assert_outcomes(
        passed=1
    )


@pytest.mark.slow
def test_fault_plan_can_be_overridden(pytester: pytest.Pytester) -> None:
    """A plan of a module or of a test replaces the empty plan."""
    pytester.makepyfile("""
        import asyncio
        import pytest
        from paysdk import NotifyProvider, RetryPolicy
        from paysdk.testing import FaultPlan, status

        @pytest.fixture
        def fault_plan():
            return FaultPlan().on(1, status(503))

        def retries(sandbox):
            async def count():
                settings = {"base_url": sandbox.url, "retry": RetryPolicy(wait_initial=0)}
                async with NotifyProvider(sandbox.api_key, **settings) as notify:
                    listing = notify.list_payments(page_size=250)
                    await listing.collect()
                    return listing.report.retries
            return asyncio.run(count())

        def test_of_the_module(notify_sandbox):
            assert 1 == retries(notify_sandbox)

        @pytest.mark.parametrize("fault_plan", [FaultPlan().on({1, 3}, status(503))])
        def test_of_its_own(notify_sandbox):
            assert 2 == retries(notify_sandbox)
    """)
    pytester.runpytest_subprocess(*MODES["strict"], "-W", "error").assert_outcomes(passed=2)


@pytest.mark.slow
def test_example_of_the_documents(pytester: pytest.Pytester) -> None:
    """The test file in the guide runs unchanged."""
    (example,) = (
        block
        for block in re.findall(r"^```python\n(.*?)^```$", HOW_TO, re.MULTILINE | re.DOTALL)
        if "campfire_sandbox" in block
    )
    pytester.makepyfile(example)
    pytester.runpytest_subprocess(*MODES["strict"], "-W", "error").assert_outcomes(passed=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "chosen", "at_least"),
    # A plugin sees all cases alike: they are plain functions.
    [("auto", "page", 5), ("strict", "page", 5), ("no plugin for asyncio", "test", 41)],
)
def test_contract_under_any_plugin(
    pytester: pytest.Pytester, mode: str, chosen: str, at_least: int
) -> None:
    """The contract passes in both modes of pytest-asyncio, and without it."""
    pytester.makepyfile(CONTRACT)
    done = pytester.runpytest_subprocess(*MODES[mode], "-W", "error", "-k", chosen)
    outcomes = done.parseoutcomes()
    assert {"passed"} == set(outcomes) - {"deselected"}
    assert outcomes["passed"] >= at_least


@pytest.mark.slow
def test_contract_without_a_sandbox_says_what_it_skips(pytester: pytest.Pytester) -> None:
    """A case that needs a sandbox is skipped with its promise."""
    pytester.makepyfile(CONTRACT.replace("NotifySandbox(payments=payments)", "None"))
    done = pytester.runpytest_subprocess("-rs", "-k", "test_retries")
    assert 1 == done.parseoutcomes()["skipped"]
    done.stdout.fnmatch_lines(
        ["SKIPPED*sandbox=None*this promise cannot be checked*A failure that may pass is retried*"]
    )


@pytest.mark.slow
def test_contract_tells_a_failure_shortly(pytester: pytest.Pytester) -> None:
    """A failure shows its promise, and not the code of the contract."""
    pytester.makepyfile(CONTRACT.replace("provider=NotifyProvider", "provider=Renamed") + RENAMED)
    done = pytester.runpytest_subprocess("-k", "test_has_a_name")
    assert 1 == done.parseoutcomes()["failed"]
    done.stdout.fnmatch_lines(
        [
            "*A promise is broken. It says: The name is a word in lower case*",
            "*Found: Payment.provider: expected {'other'}, but was {'notify'}*",
        ]
    )
    done.stdout.fnmatch_lines(
        ["*It is test_has_a_name of ProviderContract, * in docs/contract.md#has-a-name*"]
    )
    done.stdout.no_fnmatch_line("*check(isinstance(name, str)*")


RENAMED = """

class Renamed(NotifyProvider):
    name = "other"
"""


def test_fixtures_here_too(
    campfire_sandbox: Sandbox, notify_sandbox: Sandbox, fault_plan: FaultPlan
) -> None:
    """The fixtures run side by side with the empty plan."""
    assert FaultPlan() == fault_plan
    assert {fault_plan} == {campfire_sandbox.faults, notify_sandbox.faults}
    assert campfire_sandbox.url != notify_sandbox.url


def test_unknown_name_is_an_attribute_error() -> None:
    """An unknown name raises AttributeError, and dir() lists the known names."""
    with pytest.raises(AttributeError, match="no_such_name"):
        testing.no_such_name  # noqa: B018  # the access is what fails
    assert set(testing.__all__) <= set(dir(testing))
