"""The browser that shows a report."""

from tests.browser import browser

__all__ = ["browser"]
