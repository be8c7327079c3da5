"""`python -m paysdk` is the command `paysdk`."""

from __future__ import annotations

import sys

from paysdk.cli import main

if __name__ == "__main__":
    sys.exit(main())
