"""Finding a sandbox by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from paysdk.errors import ConfigurationError
from paysdk.providers.campfire.sandbox import CampfireSandbox
from paysdk.testing import discovery, open_sandbox


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sandboxes are registered, one of which is none."""
    points = EntryPoints(
        EntryPoint(name, value, "paysdk.sandboxes")
        for name, value in [("campfire", "paysdk.providers.campfire.sandbox:CampfireSandbox"), ("broken", "decimal:Decimal")]
    )
    monkeypatch.setattr(discovery, "entry_points", lambda group: points.select(group=group))


def test_opens_by_name_with_options() -> None:
    """The options reach the class."""
    sandbox = open_sandbox("campfire", payments=3, seed=7)

    assert isinstance(sandbox, CampfireSandbox)
    assert (3, 7) == (len(sandbox.payments), sandbox.seed)


def test_unknown_name_says_what_there_is() -> None:
    """A name that is not registered is told which ones are."""
    with pytest.raises(ConfigurationError, match=r"'nobody'.*there is broken, campfire"):
        open_sandbox("nobody")


def test_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, the message says so."""
    monkeypatch.setattr(discovery, "entry_points", lambda group: EntryPoints().select(group=group))
    with pytest.raises(ConfigurationError, match="there is none"):
        open_sandbox("campfire")


def test_registered_thing_that_is_no_sandbox() -> None:
    """What is no Sandbox is refused by name."""
    with pytest.raises(ConfigurationError, match=r"decimal:Decimal"):
        open_sandbox("broken")
