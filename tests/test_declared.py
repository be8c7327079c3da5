"""What the class of a provider says about its API."""

from __future__ import annotations

from typing import Any

import pytest

from paysdk import Capabilities, ConfigurationError
from paysdk.authoring import RestProvider

GOOD: dict[str, Any] = {
    "name": "acme",
    "capabilities": Capabilities(
        filters=frozenset(), max_page_size=100, reports_voids=True, lists_incrementally=False
    ),
    "default_base_url": "https://api.acme.example",
    "authorization_scheme": "Bearer",
}


def make(**attributes: object) -> RestProvider:
    """Make a provider whose class has these attributes."""
    kind: Any = type("AcmeProvider", (RestProvider,), attributes)
    made: RestProvider = kind("any-key")
    return made


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("name", None, "It must be a lower-case word"),
        ("name", "", "It must be a lower-case word"),
        ("name", "Acme Pay", "It must be a lower-case word"),
        ("capabilities", None, r"It must be Capabilities\(\.\.\.\)"),
        ("capabilities", {"filters": []}, r"It must be Capabilities\(\.\.\.\)"),
        ("default_base_url", None, "It must be the URL of the API, not None"),
        ("authorization_scheme", None, "authorization_scheme must be a name"),
        ("headers", "Accept: text", "It must be a mapping of headers"),
        ("headers", {"Authorization": "x"}, "headers must not have Authorization"),
        ("headers", {"Accept": 1}, "The value of the header Accept must be a string"),
        ("header_parameters", "If-Modified-Since", "It must be a set of names of headers"),
        ("header_parameters", {"Authorization"}, "headers must not have Authorization"),
        ("header_parameters", {"Content-Type"}, "paysdk sets the header Content-Type itself"),
        ("header_parameters", {7}, "7 is not the name of a header"),
        ("reset_headers", "X-Reset", "It must be a set of names of headers"),
        ("reset_headers", ("X Reset",), "'X Reset' is not the name of a header"),
        ("request_id_headers", "Acme-Id", "It must be a set of names of headers"),
        ("empty_statuses", 204, "It must be a set of statuses, such as .204., not 204"),
        ("empty_statuses", {"204"}, "must be a whole number from 204 to 499, not '204'"),
        ("empty_statuses", [200], "must be a whole number from 204 to 499, not 200"),
    ],
)
def test_wrong_attribute_is_named(name: str, value: object, reason: str) -> None:
    """The error has the class and the attribute, when the provider is made."""
    with pytest.raises(ConfigurationError, match=rf"^AcmeProvider\.{name}: .*{reason}"):
        make(**{**GOOD, name: value})


@pytest.mark.parametrize("name", ["name", "default_base_url", "authorization_scheme"])
def test_missing_attribute_is_named(name: str) -> None:
    """Without one of these there is no provider."""
    with pytest.raises(ConfigurationError, match=rf"^AcmeProvider\.{name}: It is missing\.$"):
        make(**{key: value for key, value in GOOD.items() if key != name})


def test_attribute_may_be_a_property() -> None:
    """A property is not read before the provider is complete."""
    made = make(**{**GOOD, "capabilities": property(lambda self: self.later)})
    assert "acme" == made.name


def test_attribute_may_come_later() -> None:
    """The constructor may set the capabilities after that of the base class."""
    assert "acme" == make(**{key: GOOD[key] for key in GOOD if key != "capabilities"}).name
