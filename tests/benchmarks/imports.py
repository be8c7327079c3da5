"""6. The time of `import paysdk` and of making the first provider."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial

from rounds import Line, at_most_more, interleaved, report

ROUNDS = 25

BARE = "pass"
IMPORTED = "import paysdk, sys; assert 'aiohttp' not in sys.modules"
FOUNDATIONS = "import aiohttp, attrs, cattrs"
PROVIDER = "from paysdk import {0}; {0}('sandbox-key')"


def run(code: str, bytecode: str) -> None:
    """Run *code* in a new interpreter, with the bytecode of an earlier run."""
    # Some environments forbid Python to write bytecode. Each program there compiles its imports
    # again.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, "-P", "-c", code], check=True, env=env | {"PYTHONPYCACHEPREFIX": bytecode}
    )


def compare() -> None:
    """Measure and report."""
    campfire, notify = PROVIDER.format("CampfireProvider"), PROVIDER.format("NotifyProvider")
    codes = (BARE, IMPORTED, FOUNDATIONS, campfire, notify)
    with tempfile.TemporaryDirectory() as bytecode:
        seconds = interleaved({code: partial(run, code, bytecode) for code in codes}, ROUNDS)
    took = {code: taken * 1000 for code, taken in seconds.items()}
    pairs = [
        ("`import paysdk`, without aiohttp", IMPORTED, "bare Python", BARE, 45),
        (
            "Making a Campfire provider",
            campfire,
            "importing aiohttp, attrs and cattrs",
            FOUNDATIONS,
            30,
        ),
        (
            "Making a Notify provider",
            notify,
            "importing aiohttp, attrs and cattrs",
            FOUNDATIONS,
            30,
        ),
    ]
    for what, ours, name, theirs, target in pairs:
        verdict = at_most_more(took[ours] - took[theirs], target, "ms")
        report(
            Line(
                part=6,
                what=what,
                ours=f"{took[ours]:.0f} ms",
                against=f"{name}: {took[theirs]:.0f} ms",
                verdict=verdict,
            )
        )


if __name__ == "__main__":
    compare()
