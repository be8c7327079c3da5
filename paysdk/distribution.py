"""What is installed: the version, the command that adds an extra, and a package of the same name.

On the public package index, the name ``paysdk`` belongs to another project. So the distribution is
called ``paysdk-async``, and the import is ``paysdk``.
"""

from __future__ import annotations

import os
import warnings

__all__ = ["__version__", "describe_missing", "warn_of_namesake"]

__version__ = "0.1.0"


def describe_missing(user: str, missing: str | None, extra: str) -> str:
    """Say that *user* needs the module *missing*, and how to install the *extra* that has it."""
    return f'{user} needs {missing}, which is not installed: pip install "paysdk-async[{extra}]"'


def warn_of_namesake(package: str) -> None:
    """Warn if the distribution ``paysdk`` is installed into the folder that *package* is in.

    The files of both distributions are then in one folder, and the distribution that was installed
    last has overwritten files of the other.
    """
    site = os.path.dirname(package)  # noqa: PTH120  # pathlib takes longer to import
    try:
        entries = os.listdir(site)  # noqa: PTH208  # names are enough
    except OSError:  # the package is in a zip file
        return
    for entry in entries:
        if entry.startswith("paysdk-") and entry.endswith((".dist-info", ".egg-info")):
            warnings.warn(
                f"The package {entry.rpartition('.')[0]} in {site} is not paysdk-async, and the "
                "two overwrite each other's files. Remove both, then install the one that you "
                "need again. To remove them: pip uninstall paysdk paysdk-async",
                RuntimeWarning,
                stacklevel=3,
            )
