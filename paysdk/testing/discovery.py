"""Finding the sandbox of any installed provider by its name."""

from __future__ import annotations

from paysdk.discovery import installed_names, load, unfit
from paysdk.errors import ConfigurationError
from paysdk.testing.server import Sandbox

__all__ = ["installed_sandboxes", "open_sandbox"]

_GROUP = "paysdk.sandboxes"


def installed_sandboxes() -> list[str]:
    """The names in the entry-point group ``paysdk.sandboxes``, in alphabetical order.

    None of them is imported.
    """
    return installed_names(_GROUP)


def open_sandbox(name: str, **options: object) -> Sandbox:
    """The sandbox that is registered under ``name`` in the entry-point group ``paysdk.sandboxes``, not yet started.

    ``options`` are its class's parameters. Raises ConfigurationError where there is no such
    sandbox, several, or one that cannot be imported, where it does not take the options, and where
    what is registered is no sandbox. Whatever else its class raises comes through as it is.
    """
    make = load("sandbox", _GROUP, name)
    if reason := unfit(make, **options):
        raise ConfigurationError(f"The sandbox {name!r} does not take these options: {reason}")
    sandbox = make(**options)
    if not isinstance(sandbox, Sandbox):
        raise ConfigurationError(
            f"What is installed as sandbox {name!r} is no paysdk.testing.Sandbox, but a "
            f"{type(sandbox).__name__}."
        )
    return sandbox
