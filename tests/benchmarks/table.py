"""Runs every benchmark, each in a process of its own, and writes docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import msgspec
from rounds import Line

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "benchmarks.md"
SCRIPTS = (
    "normalising",
    "walking",
    "latency",
    "memory",
    "event_loop",
    "imports",
    "sync",
    "reconcile",
)
PACKAGES = (
    "paysdk",
    "aiohttp",
    "attrs",
    "cattrs",
    "msgspec",
    "openai",
    "psycopg",
    "pydantic",
    "sqlalchemy",
    "stripe",
)

TEXT = """\
# Benchmarks

Measured on {machine}, with {versions}. Who repeats this will find other times and, it is hoped, the same ratios:

```sh
nox -s bench
```

It installs the wheel and what it is compared with, runs the scripts in `tests/benchmarks` for about eight minutes, and writes this page.
The server is a process of its own on loopback that answers with pages it has rendered before. All that is compared is measured in one run,
in rounds in which each has its turn; what is shown are medians. A small difference on a busy machine means nothing.

| | What | paysdk | Against | Ratio | Target | Reached |
|---|---|---|---|---|---|---|
{lines}

"Only counted" walks do nothing with a record; the others read of its fields, which shows what was put off until then. Where no target
stands, none was set. The walks share one core with their server: where the scheduler puts the two on different ones, a small page takes a
fifth longer, and which it does is luck. The bare loop is aiohttp and `json.loads`, one request after the other, with amounts as floats and
dates as text. The careful loop makes exact amounts, dates and times in a frozen dataclass, and keeps the record. The models have the same
fields, and keep no record. OpenAI's records are files and Stripe's are invoice payments, nine and ten plain fields each, in their own list
shapes; Stripe's client runs on aiohttp here. An idle loop's stalls are what the machine does by itself; processor time is this process's
own, which no other program lengthens.

Of the bare loop's time nearly all is `json.loads`. paysdk decodes the same bytes into typed rows in less than half of that, and a payment
only points at its row, so that a field costs where it is read: some forty nanoseconds, and a quarter of a microsecond for `invoice`, which
is made anew each time. With three fields read the bare loop is the faster one: its dicts hold them already, as floats and texts. `raw` is
decoded where it is read, with exact numbers, which costs what the careful loop has paid already. The pages are compact JSON, as Campfire's
are; in any other look they are split before they are read, which costs a fifth more.
"""


def lines() -> list[Line]:
    """What every script reports."""
    found: list[Line] = []
    for name in SCRIPTS:
        started = time.perf_counter()
        told = subprocess.run(
            [sys.executable, str(HERE / f"{name}.py")],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        found += [msgspec.json.decode(line, type=Line) for line in told.splitlines()]
        sys.stdout.write(f"{name}: {time.perf_counter() - started:.0f} s\n")
        sys.stdout.flush()
    return found


def row(line: Line) -> str:
    """A line of the table."""
    verdict = line.verdict
    reached = {True: "yes", False: "no", None: ""}[verdict.reached]
    return (
        f"| {line.part} | {line.what} | {line.ours} | {line.against} | {verdict.ratio} | "
        f"{verdict.target} | {reached} |"
    )


def main() -> None:
    """Measure and write."""
    machine = (
        f"{os.cpu_count()} cores, {platform.system()}, {platform.python_implementation()} "
        f"{platform.python_version()}"
    )
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    rows = [row(line) for line in lines()]
    DOCUMENT.write_text(TEXT.format(machine=machine, versions=versions, lines="\n".join(rows)))
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
