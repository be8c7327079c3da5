"""Write a file that is complete or not there at all."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Generator

__all__ = ["replace_when_complete"]


@contextmanager
def replace_when_complete(path: str | os.PathLike[str]) -> Generator[Path]:
    """Yield the path of a draft beside *path*, and rename the draft when the context ends.

    If the context ends with an error, the draft is removed, and a file at *path* stays as it was.
    An ``OSError`` without a file name gets the name of *path*, because a failed write, such as on a
    full disk, does not say which file it was.
    """
    target = Path(path)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        yield draft
        draft.replace(target)
    except OSError as error:
        if error.filename in {None, str(draft), draft}:
            error.filename, error.filename2 = str(target), None
        raise
    finally:
        draft.unlink(missing_ok=True)
