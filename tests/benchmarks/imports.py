"""6. Imports: `import paysdk` against bare Python, and the first provider against importing what it stands on."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from rounds import Line, at_most_more, interleaved, report

ROUNDS = 15

BARE = "pass"
IMPORTED = "import paysdk, sys; assert 'aiohttp' not in sys.modules"
FOUNDATIONS = "import aiohttp, attrs, cattrs"
PROVIDER = "from paysdk import {0}; {0}('sandbox-key')"


def run(code: str) -> None:
    """Run *code* in an interpreter of its own."""
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def compare() -> None:
    """Measure and report."""
    campfire, notify = PROVIDER.format("CampfireProvider"), PROVIDER.format("NotifyProvider")
    seconds = interleaved({code: partial(run, code) for code in (BARE, IMPORTED, FOUNDATIONS, campfire, notify)}, ROUNDS)
    took = {code: taken * 1000 for code, taken in seconds.items()}
    pairs = [
        ("`import paysdk`, without aiohttp", IMPORTED, "bare Python", BARE, 45),
        ("Making a Campfire provider", campfire, "importing aiohttp, attrs and cattrs", FOUNDATIONS, 30),
        ("Making a Notify provider", notify, "importing aiohttp, attrs and cattrs", FOUNDATIONS, 30),
    ]
    for what, ours, name, theirs, target in pairs:
        verdict = at_most_more(took[ours] - took[theirs], target, "ms")
        report(Line(part=6, what=what, ours=f"{took[ours]:.0f} ms", against=f"{name}: {took[theirs]:.0f} ms", verdict=verdict))


if __name__ == "__main__":
    compare()
