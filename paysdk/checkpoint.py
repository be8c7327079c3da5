"""Where a listing can be taken up again."""

from __future__ import annotations

import base64
import binascii

import attrs
import msgspec

__all__ = ["Checkpoint"]

_PREFIX = "paysdk1."


@attrs.frozen
class Checkpoint:
    """Where a page starts: opaque, serialisable with ``str()``, and tagged with the provider and the filters that it belongs to.

    ``position`` says which endpoint and which of its pages; it is the provider's own business. No
    key is ever in it.
    """

    provider: str
    filters: str
    position: str

    def __str__(self) -> str:
        packed = msgspec.json.encode([self.provider, self.filters, self.position])
        return _PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read what ``str()`` made. Raises ``ValueError`` for anything else."""
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
