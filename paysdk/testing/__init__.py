"""Local servers that answer like the providers' APIs as documented, with seeded data and faults on demand, for tests and trials."""

from __future__ import annotations

from paysdk.testing.discovery import installed_sandboxes, open_sandbox
from paysdk.testing.exchange import Answer, LoggedRequest, Request
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
from paysdk.testing.server import Sandbox

__all__ = [
    "Answer",
    "Fault",
    "FaultPlan",
    "FaultRule",
    "LoggedRequest",
    "Request",
    "Sandbox",
    "dripping_body",
    "dripping_headers",
    "gzip_bomb",
    "hang",
    "huge_body",
    "installed_sandboxes",
    "open_sandbox",
    "redirect",
    "reset",
    "status",
    "truncated",
    "wrong_body",
]
