"""A process that refreshes tokens and stops at a step: `refresh_worker.py PATH TOKEN_URL STEP`.

At the step it writes a line, and waits to be killed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paysdk import RetryPolicy
from paysdk.oauth2 import FileTokenStore, OAuth2Client
from paysdk.oauth2.endpoint import TokenEndpoint
from paysdk.oauth2.files import _LockedFile

if TYPE_CHECKING:
    from paysdk.oauth2.tokens import Tokens


def stop(step: str) -> None:
    """Say that the step is reached, and stay there."""
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()
    time.sleep(600)


def patch(step: str) -> None:
    """Stop at *step*. A refresh saves twice: a note that it is sent, and the new tokens."""
    number = 1 if step.endswith("note") else 2
    counts = {"save": 0, "replace": 0}
    save, send, replace = _LockedFile.save, TokenEndpoint.send, Path.replace

    async def stopping_save(self: _LockedFile, tokens: Tokens) -> None:
        counts["save"] += 1
        if counts["save"] == number and step in {"before the note", "after the response"}:
            stop(step)
        await save(self, tokens)

    async def stopping_send(
        self: TokenEndpoint,
        *given: Any,  # noqa: ANN401  # passed on
        **named: Any,  # noqa: ANN401  # passed on
    ) -> Any:  # noqa: ANN401  # passed on
        if step == "before sending":
            stop(step)
        return await send(self, *given, **named)

    def stopping_replace(self: Path, target: Path) -> Path:
        counts["replace"] += 1
        here = counts["replace"] == number
        if here and step.startswith("before renaming"):
            stop(step)
        replaced = replace(self, target)
        if here and step.startswith("after renaming"):
            stop(step)
        return replaced

    targets: list[tuple[Any, str, object]] = [
        (_LockedFile, "save", stopping_save),
        (TokenEndpoint, "send", stopping_send),
        (Path, "replace", stopping_replace),
    ]
    for owner, name, patched in targets:
        setattr(owner, name, patched)


async def main(path: str, token_url: str, step: str) -> None:
    """Refresh, up to the step, or to the end; then print the access token."""
    patch(step)
    client = OAuth2Client(
        token_url,
        "sandbox-client",
        "sandbox-client-words",
        store=FileTokenStore(path),
        retry=RetryPolicy(attempts=1),
    )
    async with client:
        sys.stdout.write(f"{await client()}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
