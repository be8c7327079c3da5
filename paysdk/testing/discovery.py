"""Find the sandbox of any installed provider by its name."""

from __future__ import annotations

import inspect

from paysdk.discovery import explain_mismatch, installed_names, load
from paysdk.errors import ConfigurationError
from paysdk.testing.server import Sandbox

__all__ = ["installed_sandboxes", "open_sandbox"]

_GROUP = "paysdk.sandboxes"


def installed_sandboxes() -> list[str]:
    """Return the names in the entry-point group ``paysdk.sandboxes``, sorted.

    Nothing is imported.
    """
    return installed_names(_GROUP)


def open_sandbox(name: str, **options: object) -> Sandbox:
    """Make the sandbox registered as ``name`` in the group ``paysdk.sandboxes``; do not start it.

    ``options`` are the parameters of its class. Raises ConfigurationError if no sandbox or several
    have this name, if it cannot be imported, if it does not take the options, or if the registered
    object is not a sandbox. Other exceptions of its class are not caught.
    """
    make = load("sandbox", _GROUP, name)
    if reason := explain_mismatch(make, **options):
        taken = ", ".join(inspect.signature(make).parameters)
        raise ConfigurationError(
            f"The sandbox {name!r} does not take these options: {reason}. It takes: {taken}."
        )
    sandbox = make(**options)
    if not isinstance(sandbox, Sandbox):
        raise ConfigurationError(
            f"The object installed as sandbox {name!r} is not a paysdk.testing.Sandbox, but a "
            f"{type(sandbox).__name__}."
        )
    return sandbox
