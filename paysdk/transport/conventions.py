"""What an API does in its own way, and how such settings are checked. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

import attrs

from paysdk.errors import ConfigurationError
from paysdk.transport.messages import ErrorDetails, RawResponse

__all__ = ["Conventions", "check_headers", "check_scheme"]

# RFC 9110, sections 5.1 and 5.5.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff\t]*[\x21-\x7e\x80-\xff])?")
# paysdk or aiohttp sets these.
_NOT_YOURS = frozenset(
    {"connection", "content-length", "content-type", "cookie", "host", "transfer-encoding"}
)


def _explain_nothing(_response: RawResponse) -> ErrorDetails | None:
    return None


@attrs.frozen(kw_only=True)
class Conventions:
    """How an API differs from others: its headers, its statuses and its errors.

    ``headers`` are sent with each request. ``reset_headers`` are headers, in addition to the usual
    ones, that say when a rate limit resets, and ``request_id_headers`` are further ones with the
    API's ID of a request. A response with one of ``empty_statuses`` means that nothing was
    found. ``explain_error`` reads the body of an error, and returns ``None`` if the usual way will
    do.
    """

    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    reset_headers: tuple[str, ...] = ()
    request_id_headers: tuple[str, ...] = ()
    empty_statuses: frozenset[int] = frozenset()
    explain_error: Callable[[RawResponse], ErrorDetails | None] = _explain_nothing

    def __attrs_post_init__(self) -> None:
        for status in self.empty_statuses:
            if status < HTTPStatus.NO_CONTENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise ConfigurationError(
                    f"{status} cannot mean that nothing was found: empty_statuses takes 204 to 499."
                )

    def is_success(self, response: RawResponse) -> bool:
        """Whether the status of *response* is that of a success."""
        return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES or (
            self.means_empty(response)
        )

    def means_empty(self, response: RawResponse) -> bool:
        """Whether *response* says that nothing was found."""
        return response.status in self.empty_statuses


def check_scheme(scheme: object) -> None:
    """Raise ``ConfigurationError`` unless *scheme* can come before a key (RFC 9110, 11.1)."""
    if not isinstance(scheme, str) or not _NAME.fullmatch(scheme):
        raise ConfigurationError(
            f"authorization_scheme must be a name such as Bearer or Token, not {scheme!r}."
        )


def check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* as a dict.

    Raises ``ConfigurationError`` for a name or value that HTTP cannot send, and for a header that
    paysdk sets itself.
    """
    checked: dict[str, str] = {}
    for name, value in headers.items():
        given_name: object = name
        given_value: object = value
        if not isinstance(given_name, str) or not _NAME.fullmatch(given_name):
            raise ConfigurationError(f"{name!r} is not the name of a header.")
        if given_name.lower() == "authorization":
            raise ConfigurationError(
                "headers must not have Authorization. Give the key as api_key, and the scheme as "
                "authorization_scheme, so that paysdk can keep the key secret."
            )
        if given_name.lower() in _NOT_YOURS:
            raise ConfigurationError(f"paysdk sets the header {name} itself. Leave it out.")
        # The value may be a secret, so the message does not repeat it.
        if not isinstance(given_value, str) or not _VALUE.fullmatch(given_value):
            raise ConfigurationError(
                f"The value of the header {name} must be a string of one line, without spaces at "
                "its ends and with characters of Latin-1 only."
            )
        if given_name.lower() in {other.lower() for other in checked}:
            raise ConfigurationError(f"The header {name} is given twice, in different case.")
        checked[given_name] = given_value
    return checked
