"""Run every benchmark in its own process, and write docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from textwrap import fill

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
    "booking",
    "export",
)
PACKAGES = (
    "paysdk-async",
    "aiohttp",
    "attrs",
    "cattrs",
    "msgspec",
    "openai",
    "psycopg",
    "pyarrow",
    "pydantic",
    "sqlalchemy",
    "stripe",
)

TEXT = """\
# Benchmarks

{measured}

Other machines give other times. The ratios should be similar. To repeat the measurement, run:

```sh
nox -s bench
```

It installs the wheel and the packages to compare with, runs the scripts in `tests/benchmarks` for
a quarter of an hour, and writes this page. The server is a separate process on loopback, and
responds with pages that it has rendered before. All figures of a comparison come from one run, in
which the contenders take turns. Each round has a process of its own, because the memory that one
contender leaves behind makes the next one faster or slower. Other programs only make a round
slower, so the table shows the fastest round of each. A small difference on a busy machine means
nothing.

| | What | paysdk | Against | Ratio | Target | Reached |
|---|---|---|---|---|---|---|
{lines}

"Only counted" means that the program does nothing with a record. The other lines read some of its
fields, which shows the cost of work that paysdk does only when a field is read. Lines without a
target have none. Client and server share one core. If the scheduler puts them on different cores, a
small page takes a fifth longer, and that varies from run to run. The bare loop is aiohttp and
`json.loads`, one request after the other, with amounts as floats and dates as text. The careful
loop makes exact amounts, dates and times in a frozen dataclass, and keeps the record. The pydantic
models have the same fields, and do not keep the record. OpenAI's records are files and Stripe's are
invoice payments, with nine and ten plain fields, in their own list formats. Stripe's client runs on
aiohttp here. The stalls of an idle loop come from the machine itself. Processor time counts only
this process, so other programs do not lengthen it. A third party's provider is a `TableReader`
with a small schema. The memory of a kept payment is what the program holds per payment after it has
listed 100,000 and kept one in fifty.

The bare loop spends nearly all its time in `json.loads`. paysdk splits a page into its records and
decodes them into typed rows. A payment only points at its row, so you pay for a
field when you read it, and a little more for `invoice`, which is made on each access. If three
fields are read, the bare loop is faster: its dicts already hold them, as floats and text. `raw` is
decoded when it is read, with exact numbers. The careful loop has already paid that cost.
"""


def lines() -> list[Line]:
    """Run the scripts, and return the lines that they report."""
    found: list[Line] = []
    for name in SCRIPTS:
        started = time.perf_counter()
        output = subprocess.run(
            [sys.executable, str(HERE / f"{name}.py")],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        found += [msgspec.json.decode(line, type=Line) for line in output.splitlines()]
        sys.stdout.write(f"{name}: {time.perf_counter() - started:.0f} s\n")
        sys.stdout.flush()
    return found


def row(line: Line) -> str:
    """Format a line of the table."""
    verdict = line.verdict
    reached = {True: "yes", False: "no", None: ""}[verdict.reached]
    return (
        f"| {line.part} | {line.what} | {line.ours} | {line.against} | {verdict.ratio} | "
        f"{verdict.target} | {reached} |"
    )


def main() -> None:
    """Measure, and write the page."""
    machine = (
        f"{os.cpu_count()} cores, {platform.system()}, {platform.python_implementation()} "
        f"{platform.python_version()}"
    )
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    measured = fill(f"Measured on {machine}, with {versions}.", 100, break_on_hyphens=False)
    rows = [row(line) for line in lines()]
    DOCUMENT.write_text(TEXT.format(measured=measured, lines="\n".join(rows)))
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
