"""Checks currency codes."""

from __future__ import annotations

from paysdk.errors import ConfigurationError

__all__ = ["check_currency", "minor_digits", "normalise_currency"]

# ISO 4217, list one, as of November 2026. It also has the codes of funds and metals, the test code
# and the code for no currency. Every legal tender in CLDR is in this list.
_ACTIVE = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN
    BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR
    FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY
    KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU
    MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP
    TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB
    XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
"""
# ISO 4217, list three: the codes withdrawn since 2010. Old payments still have them.
_WITHDRAWN = "ANG BGN BYR CUC EEK HRK LTL LVL MRO SLL STD USS VEF XFU ZMK ZWL"
# Most currencies have two digits after the point. These have none (ISO 4217, lists one and three).
# Funds and metals have no digits of their own.
_NO_DIGITS = """
    BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XAG XAU XBA XBB XBC XBD XDR
    XOF XPD XPF XPT XSU XTS XUA XXX
"""
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"
_MINOR_DIGITS = {
    **dict.fromkeys(_NO_DIGITS.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
    **dict.fromkeys(_FOUR_DIGITS.split(), 4),
}
_CODES = frozenset(f"{_ACTIVE} {_WITHDRAWN}".split())


def check_currency(name: str, given: object) -> str:
    """Return the code *given* in capitals.

    Raises ``ConfigurationError`` if it is not a code of ISO 4217. The message calls it *name*.
    """
    code = given.upper() if isinstance(given, str) and given.isascii() else None
    if code is None or code not in _CODES:
        raise ConfigurationError(
            f"{name} must be a code of ISO 4217, such as 'EUR', or None, not {given!r}."
        )
    return code


def normalise_currency(code: str | None) -> str | None:
    """Return *code* in capitals, so that codes can be compared."""
    return None if code is None else code.upper()


def minor_digits(code: str) -> int:
    """Return how many digits after the point an amount in a currency usually has.

    A code that ISO 4217 does not have counts as one without digits after the point.
    """
    known = code.upper()
    return _MINOR_DIGITS.get(known, 2 if known in _CODES else 0)
