"""Tests of lazy exports."""

from __future__ import annotations

import pytest

import paysdk


def test_an_unknown_name_is_an_attribute_error() -> None:
    """An unknown name raises AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="module 'paysdk' has no attribute 'no_such_name'"):
        getattr(paysdk, "no_such_name")  # noqa: B009  # the access is what fails
