"""What a provider raises that no provider should: it is told in a line, and harms no other."""

from __future__ import annotations

from paysdk.errors import PaysdkError

__all__ = ["as_paysdk_error"]


def as_paysdk_error(name: str, error: Exception) -> PaysdkError:
    """What ended a provider's part, as an error that names the provider.

    One of paysdk's own is given back as it is.
    """
    if isinstance(error, PaysdkError):
        return error
    fault = PaysdkError(f"The provider {name!r} failed: {type(error).__name__}: {error}")
    fault.__cause__ = error
    return fault
