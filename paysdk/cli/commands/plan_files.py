"""The files of ``paysdk book``: the plan, and the page to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paysdk.booking import BookingPlan
from paysdk.booking.errors import PlanRefusedError
from paysdk.booking.runs import BookingRuns
from paysdk.cli.files import check_folder, check_page, is_of_database
from paysdk.errors import ConfigurationError
from paysdk.files import replace_when_complete
from paysdk.sync.location import find_file

if TYPE_CHECKING:
    from pathlib import Path

    from paysdk.sync import SQLPaymentStore

__all__ = ["check_not_needed", "check_places", "read_plan", "write_plan"]


def read_plan(path: Path) -> BookingPlan:
    """Read a plan. Raises ``ConfigurationError`` if the file is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"The plan {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The plan {path} is not a text file.") from None
    return BookingPlan.from_json(text)


def write_plan(plan: BookingPlan, out: Path, html: Path | None) -> None:
    """Write the plan, and its page if *html* is given."""
    with replace_when_complete(out) as draft:
        draft.write_text(plan.to_json(), encoding="utf-8")
    if html is not None:
        from paysdk.booking.page import write_page  # noqa: PLC0415  # it needs Jinja2

        write_page(plan, html)


def check_places(out: Path, html: Path | None, database: str) -> BookingPlan | None:
    """Return the plan that *out* would replace, or ``None`` if it would replace nothing.

    Raises ``ConfigurationError`` if a file of another kind would be overwritten.
    """
    file = find_file(database)
    check_folder("--out", out)
    if html is not None:
        check_page("--html", html, file, "page of a plan")
        if html.resolve() == out.resolve():
            raise ConfigurationError("--out and --html name the same file. Name two.")
    if is_of_database(out, file) or (out.exists() and not out.is_file()):
        raise ConfigurationError(
            f"--out would overwrite {out}, which is not a plan. Name another file."
        )
    if not out.exists() or not out.stat().st_size:
        return None
    try:
        return read_plan(out)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"--out would overwrite {out}, and only a plan may be replaced. {error} Name another "
            "file."
        ) from None


async def check_not_needed(store: SQLPaymentStore, plan: BookingPlan, path: Path) -> None:
    """Raise ``ConfigurationError`` if the plan at *path* was approved.

    Its file is needed to apply it, to look at it and to undo it.
    """
    try:
        run = await BookingRuns(store).read(plan.digest)
    except PlanRefusedError:
        raise ConfigurationError(
            f"--out would overwrite {path}, a plan that this database does not have. It may have "
            "been approved in another one. Name another file."
        ) from None
    if run.approval is not None:
        raise ConfigurationError(
            f"--out would overwrite {path}, a plan that {run.approval.by} approved. You need its "
            "file to apply it or to undo it. Name another file."
        )
