"""The command line ``paysdk``: what the library does, from a shell. It needs the extra ``cli``."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from paysdk.cli.signals import StoppedBySignal, raise_on_signals
from paysdk.distribution import __version__, describe_missing, warn_of_namesake

__all__ = ["main"]

if getattr(sys.modules["paysdk"], "__version__", None) != __version__:
    # Another package has overwritten paysdk/__init__.py, which would warn otherwise.
    warn_of_namesake(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120  # as in it


def main() -> int:
    """Run the command that the shell asks for, and return its exit code.

    0: done, or the reader closed the pipe. 1: the API or the network failed, or the output could
    not be written. 2: the input was wrong, and nothing was sent. 3: reconciled, and the two sides
    differ, or booking needs a person. 130: Ctrl-C. 143: SIGTERM. 129: SIGHUP.
    """
    # A shell can close both streams for a program (>&-). Python then sets them to None.
    if sys.stderr is None:
        # It stays open until the program ends.
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # see above
    if sys.stdout is None:
        sys.stderr.write(
            "paysdk: Standard output is closed, so the output has nowhere to go. To discard it, "
            "use >/dev/null.\n"
        )
        return 2
    if sys.argv[1:] == ["--version"]:
        # The rest of the command line takes a while to load. It is only loaded if writing fails, to
        # report the error.
        with suppress(OSError):
            sys.stdout.write(f"paysdk {__version__}\n")
            sys.stdout.flush()
            return 0
    try:
        # The handlers come first: a signal may arrive during the imports, which take a while.
        with raise_on_signals():
            from paysdk.cli.run import run  # noqa: PLC0415  # the extra may be missing

            return run(sys.argv[1:])
    except StoppedBySignal as stopped:
        return stopped.exit_code
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"rich", "typer"}:
            raise
        sys.stderr.write(f"paysdk: {describe_missing('The command line', missing, 'cli')}\n")
        return 2
    except KeyboardInterrupt:
        return 130
