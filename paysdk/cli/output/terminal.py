"""What reaches a terminal: consoles for people, and text that can do a terminal no harm."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from paysdk.errors import ConfigurationError, UnsupportedFilterError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from rich.console import RenderableType

    from paysdk.errors import PaysdkError

__all__ = [
    "as_text",
    "console_on",
    "discard_output",
    "one_line",
    "print_lines",
    "print_message",
    "print_table",
    "report_error",
    "utf8_stdout",
]


def console_on(stream: TextIO) -> Console:
    """A console that writes plain text unless *stream* is a terminal and colour is not unwanted (no-color.org)."""
    plain = not stream.isatty() or bool(os.environ.get("NO_COLOR"))
    return Console(
        file=stream, color_system=None if plain else "auto", highlight=False, markup=False
    )


def print_table(*parts: RenderableType) -> None:
    """Write something for people to stdout."""
    console = console_on(sys.stdout)
    # rich has an exit code of its own for a reader who leaves early, so it renders and does not
    # write.
    with console.capture() as rendered:
        for part in parts:
            console.print(part)
    print_lines(rendered.get().splitlines())


def print_lines(lines: Iterable[str]) -> None:
    """Write lines for people to stdout, without the spaces at their ends."""
    # What the terminal's encoding lacks shows as a question mark instead of ending everything.
    _reconfigure(sys.stdout, errors="replace")
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))
    # rich flushes what is left here, even when it only renders, and has that exit code then too.
    sys.stdout.flush()


def utf8_stdout() -> TextIO:
    """Stdout for programs: UTF-8 and plain line ends, whatever the locale says."""
    _reconfigure(sys.stdout, encoding="utf-8", newline="\n")
    return sys.stdout


def print_message(message: object) -> None:
    """Write a message of one line to stderr. A closed pipe there is no error."""
    try:
        sys.stderr.write(f"paysdk: {one_line(str(message))}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        discard_output(sys.stderr)


def discard_output(stream: TextIO) -> None:
    """Let what is buffered and what follows go nowhere, so that Python's own flush at exit succeeds."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def report_error(error: PaysdkError) -> int:
    """Write the error to stderr, with the way to go on where there is one, and give its exit code.

    That is 2 for what the user has to mend, of which nothing was sent, and 1 for the rest.
    """
    resume = (
        ""
        if error.checkpoint is None
        else f" To go on: paysdk list {error.checkpoint.provider} --resume {error.checkpoint}"
    )
    print_message(f"{error}{resume}")
    return 2 if isinstance(error, ConfigurationError | UnsupportedFilterError) else 1


# Control characters, what has no glyph of its own, and what ends a line.
_STEERING = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def one_line(text: str) -> str:
    """*text* without its line ends, and without characters that steer a terminal."""
    return as_text(" ".join(text.split()))


def as_text(value: object) -> str:
    """A value that a provider sent, as it may be shown: nothing for ``None``, and no character that steers a terminal."""
    text = "" if value is None else str(value)
    return (
        text
        if text.isprintable()
        else "".join("\ufffd" if unicodedata.category(sign) in _STEERING else sign for sign in text)
    )


def _reconfigure(stream: TextIO, **settings: str) -> None:
    # What stands in for stdout in somebody's test may have no encoding to change.
    if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
        reconfigure(**settings)
