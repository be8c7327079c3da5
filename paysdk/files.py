"""Write a file that is complete or not there at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["replace_when_complete"]


@contextmanager
def replace_when_complete(path: str | os.PathLike[str]) -> Generator[Path]:
    """Yield the path of a draft beside *path*, and rename the draft when the context ends.

    If the context ends with an error, the draft is removed, and a file at *path* stays as it was.
    If *path* is a link, the file that it leads to is replaced. The new file has the permissions of
    the file that it replaces. An ``OSError`` without a file name gets the name of *path*, because a
    failed write, such as on a full disk, does not say which file it was.

    Raises ``PermissionError`` if there is a file that may not be written. A rename would not care.
    """
    target = Path(os.path.realpath(path))
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        mode = _find_mode(target)
        yield draft
        if mode is not None:
            draft.chmod(mode)
        draft.replace(target)
    except OSError as error:
        if error.filename in {None, str(draft), draft, str(target)}:
            error.filename, error.filename2 = str(Path(path)), None
        raise
    finally:
        draft.unlink(missing_ok=True)


def _find_mode(target: Path) -> int | None:
    """Return the permissions of the file, or ``None`` if the file does not exist."""
    if not target.exists():
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    return stat.S_IMODE(target.stat().st_mode)
