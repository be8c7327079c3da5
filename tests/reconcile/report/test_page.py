"""The templates of the page."""

from __future__ import annotations

import sys

import pytest
from jinja2 import UndefinedError

from paysdk.reconcile import Report
from paysdk.reconcile.report.page import render_page


def test_a_name_that_the_page_needs_and_does_not_get_is_an_error() -> None:
    """A misspelt name never leaves a hole in the page."""
    with pytest.raises(UndefinedError, match="names"):
        render_page({})


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Jinja2 the error has the command that installs it, and reconciling still works."""
    monkeypatch.delitem(sys.modules, "paysdk.reconcile.report.page")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    report = Report(left="Left", right="Right")

    assert [] == report.largest()
    with pytest.raises(
        ModuleNotFoundError, match=r'needs jinja2.*pip install "paysdk-async\[report\]"'
    ):
        report.html()
