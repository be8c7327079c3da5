"""Finding the sandbox of any installed provider by its name."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from paysdk.errors import ConfigurationError
from paysdk.testing.server import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["open_sandbox"]

_GROUP = "paysdk.sandboxes"


def open_sandbox(name: str, **options: object) -> Sandbox:
    """The sandbox that is registered under ``name`` in the entry-point group ``paysdk.sandboxes``, not yet started.

    ``options`` are its class's parameters. Raises ConfigurationError where no such sandbox is installed, or what is registered is none.
    """
    installed = {point.name: point for point in entry_points(group=_GROUP)}
    if name not in installed:
        raise ConfigurationError(
            f"no sandbox {name!r} is installed; there is {', '.join(sorted(installed)) or 'none'} (entry-point group {_GROUP})"
        )
    make: Callable[..., object] = installed[name].load()
    sandbox = make(**options)
    if not isinstance(sandbox, Sandbox):
        raise ConfigurationError(f"what is registered as sandbox {name!r} is no paysdk.testing.Sandbox: {installed[name].value}")
    return sandbox
