"""Write to stdout and stderr. Text from a provider cannot control the terminal."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from paysdk.cli.output.wording import reword
from paysdk.errors import ConfigurationError, UnsupportedFilterError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from rich.console import RenderableType

    from paysdk.errors import PaysdkError

__all__ = [
    "configure_utf8_stdout",
    "discard_output",
    "exit_code",
    "make_console",
    "print_lines",
    "print_message",
    "print_table",
    "report_error",
    "to_one_line",
    "to_printable",
]


def make_console(stream: TextIO) -> Console:
    """A console that uses colours if *stream* is a terminal and ``NO_COLOR`` is not set.

    ``NO_COLOR`` is described at https://no-color.org.
    """
    plain = not stream.isatty() or bool(os.environ.get("NO_COLOR"))
    return Console(
        file=stream, color_system=None if plain else "auto", highlight=False, markup=False
    )


def print_table(*parts: RenderableType) -> None:
    """Write tables and text for people to stdout."""
    console = make_console(sys.stdout)
    # rich only renders here. If it wrote, it would exit with a code of its own after a closed pipe.
    with console.capture() as rendered:
        for part in parts:
            console.print(part)
    print_lines(rendered.get().splitlines())


def print_lines(lines: Iterable[str]) -> None:
    """Write lines for people to stdout, without trailing spaces."""
    # A character that the terminal's encoding lacks becomes a question mark, not an error.
    _reconfigure(sys.stdout, errors="replace")
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in lines))
    # rich would flush the rest the next time it renders, and exit after a closed pipe.
    sys.stdout.flush()


def configure_utf8_stdout() -> TextIO:
    """Switch stdout to UTF-8 and plain line ends, for programs in every locale, and return it."""
    _reconfigure(sys.stdout, encoding="utf-8", newline="\n")
    return sys.stdout


def print_message(message: object) -> None:
    """Write a message of one line to stderr. A closed pipe there is ignored."""
    try:
        sys.stderr.write(f"paysdk: {to_one_line(reword(str(message)))}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        discard_output(sys.stderr)


def discard_output(stream: TextIO) -> None:
    """Discard the buffered and all further output, so that Python can flush it at exit."""
    with Path(os.devnull).open("wb") as null:
        os.dup2(null.fileno(), stream.fileno())


def report_error(error: PaysdkError) -> int:
    """Write the error to stderr with the command that continues, and return its exit code."""
    resume = (
        ""
        if error.checkpoint is None
        else f" To continue: paysdk list {error.checkpoint.provider} --resume {error.checkpoint}"
    )
    print_message(f"{error}{resume}")
    return exit_code(error)


def exit_code(error: PaysdkError) -> int:
    """The exit code for an error: 2 if the input was wrong and nothing was sent, else 1."""
    return 2 if isinstance(error, ConfigurationError | UnsupportedFilterError) else 1


# Control and format characters, unassigned and private ones, surrogates, and line ends.
_CONTROL = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def to_one_line(text: str) -> str:
    """*text* on one line, without characters that control a terminal."""
    return to_printable(" ".join(text.split()))


def to_printable(value: object) -> str:
    """A value as text without characters that control a terminal. ``None`` is an empty text."""
    text = "" if value is None else str(value)
    return (
        text
        if text.isprintable()
        else "".join("\ufffd" if unicodedata.category(char) in _CONTROL else char for char in text)
    )


def _reconfigure(stream: TextIO, **settings: str) -> None:
    # A test may replace stdout with a stream that has no encoding.
    if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
        reconfigure(**settings)
