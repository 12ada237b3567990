"""The codes of currencies.

Source: ISO 4217, list one of the maintenance agency (SIX Financial Information AG), edition of 2025-01-01: the codes of
money that is paid with. Left out are units of account, funds, metals and testing codes, such as XDR, BOV, XAU and XTS.
"""

from typing import Any, TypeGuard

LISTED = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF"
    " CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL"
    " HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD"
    " MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG"
    " QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD"
    " TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CODES = tuple(LISTED.split())
KNOWN = frozenset(CODES)


def is_currency(value: Any) -> TypeGuard[str]:
    """Return True if the value is the code of a currency, in capital letters."""
    return isinstance(value, str) and value in KNOWN


def not_a_currency(value: Any) -> str:
    """Return the sentence that refuses a value as a currency."""
    return f"“{str(value)[:40]}” is no currency of ISO 4217: give its code of three capital letters, such as EUR."
