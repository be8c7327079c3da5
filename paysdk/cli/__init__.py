"""The command line, ``paysdk``: what the library does, from a shell. It needs the extra ``cli``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from paysdk.cli.stopping import StoppedBySignal, stopping_on_signals

__all__ = ["main"]


def main() -> int:
    """Run the command that the shell asked for, and give its exit code.

    0: done, or whoever read the output has heard enough. 1: the API or the network failed. 2: the
    input was wrong, and nothing was sent. 3: reconciled, and the two sides differ. 130: Ctrl-C.
    143: SIGTERM. 129: SIGHUP.
    """
    # A shell can start a program without them (>&-), and Python then has None in their place.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # open for as long as the program runs
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # likewise
    try:
        # First, because importing takes a while, in which a signal may come.
        with stopping_on_signals():
            from paysdk.cli.app import run  # noqa: PLC0415  # the extra may be missing

            return run(sys.argv[1:])
    except StoppedBySignal as stopped:
        return stopped.exit_code
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"rich", "typer"}:
            raise
        sys.stderr.write(
            f"paysdk: The command line needs {missing}, which is not installed: in the folder of "
            'paysdk, pip install ".[cli]"\n'
        )
        return 2
    except KeyboardInterrupt:
        return 130
