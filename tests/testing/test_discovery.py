"""Finding a sandbox by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import Sandbox, installed_sandboxes, open_sandbox

if TYPE_CHECKING:
    from tests.conftest import Install

ECHO = """
import attrs
from paysdk.testing import Response, Sandbox


@attrs.define(kw_only=True, eq=False)
class Made(Sandbox):
    scheme = "Bearer"
    api_key: str = "sandbox-key"
    payments: int = 1

    def respond(self, request):
        return Response(200, request.target.encode())
"""
GROUP = "paysdk.sandboxes"


def test_opens_by_name_with_options() -> None:
    """The options reach the class."""
    sandbox = open_sandbox("campfire", payments=3, seed=7)

    assert isinstance(sandbox, CampfireSandbox)
    assert (3, 7) == (len(sandbox.payments), sandbox.seed)


def test_a_sandbox_of_another_package_is_opened(install: Install) -> None:
    """It is found by name beside paysdk's own, and takes its own options."""
    install("paysdk-echo", ECHO, group=GROUP, name="echo")

    assert ["campfire", "echo", "notify"] == installed_sandboxes()
    assert isinstance(open_sandbox("echo", payments=3, latency=0.0), Sandbox)


def test_unknown_name_says_what_there_is() -> None:
    """A name that is not registered is told which ones are."""
    with pytest.raises(
        ConfigurationError, match=r"no sandbox 'nobody'\. Installed are: campfire, notify\."
    ):
        open_sandbox("nobody")


def test_one_that_fails_to_import_is_named(install: Install) -> None:
    """The error names the package, and the other sandboxes open as ever."""
    install("broken", "import module_that_is_nowhere", group=GROUP)
    with pytest.raises(
        ConfigurationError,
        match=r"The sandbox 'broken' \(broken_payments:Made of broken\) cannot be imported",
    ):
        open_sandbox("broken")

    assert isinstance(open_sandbox("campfire"), CampfireSandbox)


def test_two_of_one_name_are_refused(install: Install) -> None:
    """Which is meant cannot be told."""
    install("one", ECHO, group=GROUP, name="echo")
    install("other", ECHO, group=GROUP, name="echo")
    with pytest.raises(
        ConfigurationError, match="Several installed packages have a sandbox 'echo'"
    ):
        open_sandbox("echo")


def test_unknown_option_is_named() -> None:
    """An option that the sandbox does not take is the caller's mistake."""
    with pytest.raises(
        ConfigurationError, match=r"The sandbox 'notify' does not take these options: .*colour"
    ):
        open_sandbox("notify", colour="red")


def test_a_mistake_in_a_sandbox_is_no_wrong_option(install: Install) -> None:
    """A ``TypeError`` from within its class comes through, with the traceback that its author needs."""
    install("odd", "def Made(**options):\n    return len(0)", group=GROUP)
    with pytest.raises(TypeError, match="object of type 'int' has no len") as raised:
        open_sandbox("odd")
    assert str(raised.traceback[-1].path).endswith("odd_payments.py")


def test_registered_thing_that_is_no_sandbox(install: Install) -> None:
    """What is no Sandbox is refused by name."""
    install("odd", "from decimal import Decimal as Made", group=GROUP)
    with pytest.raises(
        ConfigurationError, match=r"sandbox 'odd' is no paysdk\.testing\.Sandbox, but a Decimal"
    ):
        open_sandbox("odd")
