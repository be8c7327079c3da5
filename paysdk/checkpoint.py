"""Checkpoints, from which a listing resumes."""

from __future__ import annotations

import base64
import binascii

import attrs
import msgspec

__all__ = ["Checkpoint"]

_PREFIX = "paysdk1."


@attrs.frozen
class Checkpoint:
    """A place in a listing, from which the listing can be resumed.

    It is opaque, and ``str()`` serialises it. ``provider`` and ``filters`` say which listing it
    belongs to. ``position`` names the endpoint and the start of one page or, if the listing is read
    in windows, of one page of each window. Only the provider reads it. A checkpoint never contains
    a key.
    """

    provider: str
    filters: str
    position: str

    def __str__(self) -> str:
        packed = msgspec.json.encode([self.provider, self.filters, self.position])
        return _PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Parse the text that ``str()`` returned. Raises ``ValueError`` for any other text."""
        if not text.startswith(_PREFIX):
            raise ValueError("it does not begin like a checkpoint")
        packed = text[len(_PREFIX) :]
        try:
            provider, filters, position = msgspec.json.decode(
                base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True),
                type=tuple[str, str, str],
            )
        except (binascii.Error, msgspec.MsgspecError, UnicodeError) as error:
            raise ValueError("it is cut off or changed") from error
        return cls(provider, filters, position)
