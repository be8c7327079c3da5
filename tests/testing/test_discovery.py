"""A sandbox is found by its name."""

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
    """Options are passed to the class."""
    sandbox = open_sandbox("campfire", payments=3, seed=7)

    assert isinstance(sandbox, CampfireSandbox)
    assert (3, 7) == (len(sandbox.payments), sandbox.seed)


def test_a_sandbox_of_another_package_is_opened(install: Install) -> None:
    """A sandbox of another package is found by name, and takes its own options."""
    install("paysdk-echo", ECHO, group=GROUP, name="echo")

    assert ["campfire", "echo", "notify"] == installed_sandboxes()
    assert isinstance(open_sandbox("echo", payments=3, latency=0.0), Sandbox)


def test_unknown_name_says_what_there_is() -> None:
    """The error for an unknown name lists the known names."""
    with pytest.raises(
        ConfigurationError, match=r"no sandbox 'nobody'\. Installed: campfire, notify\."
    ):
        open_sandbox("nobody")


def test_one_that_fails_to_import_is_named(install: Install) -> None:
    """The error names the package, and other sandboxes still open."""
    install("broken", "import module_that_is_nowhere", group=GROUP)
    with pytest.raises(
        ConfigurationError,
        match=r"The sandbox 'broken' \(broken_payments:Made of broken\) cannot be imported",
    ):
        open_sandbox("broken")

    assert isinstance(open_sandbox("campfire"), CampfireSandbox)


def test_two_of_one_name_are_refused(install: Install) -> None:
    """Two packages with one name are refused."""
    install("one", ECHO, group=GROUP, name="echo")
    install("other", ECHO, group=GROUP, name="echo")
    with pytest.raises(
        ConfigurationError, match="Several installed packages have a sandbox 'echo'"
    ):
        open_sandbox("echo")


def test_unknown_option_is_named() -> None:
    """An unknown option is refused by name."""
    with pytest.raises(
        ConfigurationError, match=r"The sandbox 'notify' does not take these options: .*colour"
    ):
        open_sandbox("notify", colour="red")


def test_a_mistake_in_a_sandbox_is_no_wrong_option(install: Install) -> None:
    """A ``TypeError`` from within the class is not caught."""
    install("odd", "def Made(**options):\n    return len(0)", group=GROUP)
    with pytest.raises(TypeError, match="object of type 'int' has no len") as raised:
        open_sandbox("odd")
    assert str(raised.traceback[-1].path).endswith("odd_payments.py")


def test_registered_thing_that_is_no_sandbox(install: Install) -> None:
    """An object that is not a Sandbox is refused by name."""
    install("odd", "from decimal import Decimal as Made", group=GROUP)
    with pytest.raises(
        ConfigurationError, match=r"sandbox 'odd' is not a paysdk\.testing\.Sandbox, but a Decimal"
    ):
        open_sandbox("odd")
