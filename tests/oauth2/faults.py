"""Faults of a token server that runs already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.testing import FaultPlan, TokenSandbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paysdk.oauth2 import (
        Tokens,
    )
    from paysdk.testing import Fault

    Expire = Callable[[], Awaitable[Tokens]]


def fail_with(server: TokenSandbox, fault: Fault, times: int = 1) -> None:
    """Let the next requests to a running server fail so."""
    object.__setattr__(server, "faults", FaultPlan().first(times, fault))
    server._counts = ()
