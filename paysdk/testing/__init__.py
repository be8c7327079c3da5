"""Local servers that respond as the providers' APIs are documented, for tests and trials.

They have seeded data, and faults on demand. Each name is loaded when it is first used, so the
pytest plugin costs nothing in a run that does not use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk import lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from paysdk.testing.contract import (
        ContractSubject,
        ErrorSample,
        MeaningContract,
        ProviderContract,
    )
    from paysdk.testing.contract.targets import TargetContract, TargetFailure, TargetSubject
    from paysdk.testing.discovery import installed_sandboxes, open_sandbox
    from paysdk.testing.exchange import LoggedRequest, Request, Response
    from paysdk.testing.faults import (
        Fault,
        FaultPlan,
        FaultRule,
        dripping_body,
        dripping_headers,
        gzip_bomb,
        hang,
        huge_body,
        redirect,
        reset,
        status,
        truncated,
        wrong_body,
    )
    from paysdk.testing.oauth2 import TokenSandbox
    from paysdk.testing.server import Sandbox
    from paysdk.testing.threads import in_thread

_MODULES = {
    "paysdk.testing.contract": (
        "ContractSubject",
        "ErrorSample",
        "MeaningContract",
        "ProviderContract",
    ),
    "paysdk.testing.contract.targets": ("TargetContract", "TargetFailure", "TargetSubject"),
    "paysdk.testing.discovery": ("installed_sandboxes", "open_sandbox"),
    "paysdk.testing.exchange": ("Response", "LoggedRequest", "Request"),
    "paysdk.testing.faults": (
        "Fault",
        "FaultPlan",
        "FaultRule",
        "dripping_body",
        "dripping_headers",
        "gzip_bomb",
        "hang",
        "huge_body",
        "redirect",
        "reset",
        "status",
        "truncated",
        "wrong_body",
    ),
    "paysdk.testing.oauth2": ("TokenSandbox",),
    "paysdk.testing.server": ("Sandbox",),
    "paysdk.testing.threads": ("in_thread",),
}

__all__ = [
    "ContractSubject",
    "ErrorSample",
    "Fault",
    "FaultPlan",
    "FaultRule",
    "LoggedRequest",
    "MeaningContract",
    "ProviderContract",
    "Request",
    "Response",
    "Sandbox",
    "TargetContract",
    "TargetFailure",
    "TargetSubject",
    "TokenSandbox",
    "dripping_body",
    "dripping_headers",
    "gzip_bomb",
    "hang",
    "huge_body",
    "in_thread",
    "installed_sandboxes",
    "open_sandbox",
    "redirect",
    "reset",
    "status",
    "truncated",
    "wrong_body",
]

__getattr__: Callable[[str], object]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazy.export(__name__, _MODULES)
