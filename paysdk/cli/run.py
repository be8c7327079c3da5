"""Run one command, and turn its errors into a line on stderr and an exit code."""

from __future__ import annotations

import errno
import logging
import sys
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import typer

from paysdk.cli.app import app
from paysdk.cli.output.terminal import discard_output, print_message, report_error
from paysdk.cli.signals import StoppedBySignal
from paysdk.errors import PaysdkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from paysdk.cli.options.shared import Job

__all__ = ["run"]

# An error of stdout has no file name.
_OUTPUT_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Each error is one line on stderr.

    The caller handles Ctrl-C.
    """
    # The progress display shows retries. Without this, logging would also write them to stderr.
    logging.basicConfig(level=logging.ERROR, format="paysdk: %(message)s")
    try:
        # After a command's help, typer returns an exit code in place of a job.
        chosen = _parse(arguments)
        status = chosen() if callable(chosen) else chosen
        sys.stdout.flush()
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = "paysdk" if context is None else context.command_path
        print_message(f"{_reword(error).rstrip('.')}. See: {command} --help")
        return 2
    except PaysdkError as error:
        return report_error(error)
    except BrokenPipeError:
        # The reader closed the pipe, as `head` does. That is not an error.
        discard_output(sys.stdout)
        return 0
    except OSError as error:
        print_message(_describe(error))
        return 1
    return status or 0


def _reword(error: typer.TyperException) -> str:
    """The message of typer, but in plain words if it comes from pydantic, which checks the values.

    https://docs.pydantic.dev/latest/errors/validation_errors/ lists the types of its errors.
    """
    message = error.format_message()
    cause: object = error.__cause__
    if not isinstance(cause, _ValidationError):
        return message
    fault = cause.errors()[0]
    if fault["type"] == "int_parsing_size":
        return message.replace(error.message, "it has too many digits")
    bounds = fault.get("ctx", {})
    wanted = {
        "int_parsing": "a whole number",
        "float_parsing": "a number",
        "greater_than_equal": f"{bounds.get('ge')} or more",
        "less_than_equal": f"{bounds.get('le')} or less",
    }.get(fault["type"])
    what = f"it must be {wanted}, not {fault['input']!r}" if wanted else bounds.get("error")
    return message.replace(error.message, str(what)) if what else message


@runtime_checkable
class _ValidationError(Protocol):
    """What is used of pydantic's error. typer depends on pydantic, and paysdk does not."""

    def errors(self) -> Sequence[Mapping[str, Any]]: ...


def _describe(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return f"The file {error.filename} cannot be used: {reason}."
    if error.errno in _OUTPUT_ERRORS:
        return f"The output cannot be written: {reason}. It is not complete."
    return f"The command failed: {reason}."


def _parse(arguments: Sequence[str]) -> Job | int | None:
    """The job that the arguments ask for, or the exit code of the help that was printed."""
    try:
        parse: Callable[..., int] = app
        return parse(args=list(arguments), prog_name="paysdk", standalone_mode=False)
    except StoppedBySignal:
        raise
    except SystemExit:
        # rich prints the help, and exits with 1 if the reader closed the pipe. Nothing else exits
        # here, because commands only return their jobs.
        raise BrokenPipeError from None
