"""Where somebody is reached: e-mail addresses and phone numbers, in the one form kept and compared."""

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from subscribers.faults import Fault
from subscribers.model import Reach
from subscribers.signs import BLANKS, forbidden

HOME_REGION = "BE"
"""How a number without a country code is read."""


class AddressFault(Fault):
    """An address that cannot be used."""


class NotMobile(AddressFault):
    """A number that exists but takes no SMS."""


# Plainly valid forms, which most are, spare the libraries, whose verdict on 228,000 rows takes ten seconds.
# A form that is not plain is not thereby wrong: the library says.
_LABEL = r"[a-z0-9](?:[a-z0-9]|-(?=[a-z0-9])){0,62}"
_PLAIN_EMAIL = re.compile(
    rf"[a-z0-9_](?:[a-z0-9_+-]|\.(?=[a-z0-9_+-])){{0,63}}@(?:{_LABEL}\.){{1,4}}"
    r"(?!(?:arpa|invalid|local|localhost|onion)\Z)[a-z]{2,24}",
    re.ASCII,
)
_PLAIN_BELGIAN_MOBILE = re.compile(r"(?:\+32|0032|0)(4[5-9][0-9]{7})")

_TOO_LONG = 254  # RFC 5321 §4.5.3.1.3: a path of 256 octets with its brackets.
_PHONE_SIGNS = re.compile(r"[0-9+() ./\-]{4,40}")
_TYPOGRAPHY = str.maketrans("\u00a0\u202f\u2009\u2010\u2011\u2013", "   ---")
_SEPARATORS = str.maketrans("", "", " ./-")

_EMAIL_REMEDY = "write one address such as info@example.org"
_PHONE_REMEDY = "write the number in full, such as 0470 12 34 56 or +32 470 12 34 56"
_TEXT_REMEDY = "format the column as text and enter the number again"
_KINDS = {
    PhoneNumberType.FIXED_LINE: "a landline",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.VOIP: "an internet telephone",
    PhoneNumberType.PAGER: "a pager",
}
_TAKES_SMS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normalise(channel: Reach, text: str) -> str:
    """The kept form of an address of `channel`. Raises AddressFault."""
    return normalise_email(text) if channel == "email" else normalise_phone(text)


def normalise_email(text: str) -> str:
    """The kept form of an e-mail address: ASCII, domain in lower case, local part casefolded.

    Local parts may differ by case (RFC 5321 §2.4), yet in practice two people never do, while one person is
    often written both ways. Raises AddressFault.
    """
    text = text.strip(BLANKS)
    _refuse_unprintable(text, _EMAIL_REMEDY)
    folded = text.casefold()
    if folded.isascii() and len(folded) <= _TOO_LONG and _PLAIN_EMAIL.fullmatch(folded):
        local, _, domain = folded.partition("@")
        if len(local) <= 64 and len(domain) <= 253 and "--" not in domain:
            return folded
    return _thorough_email(text)


def normalise_phone(text: str) -> str:
    """The E.164 form of a number that takes SMS; without a country code it is read as Belgian.

    Raises AddressFault, NotMobile for a number that exists but takes no SMS.
    """
    text = text.strip(BLANKS).removeprefix("'").translate(_TYPOGRAPHY)  # ' is a spreadsheet's mark for text
    _refuse_unprintable(text, _PHONE_REMEDY)
    if plain := _PLAIN_BELGIAN_MOBILE.fullmatch(text.translate(_SEPARATORS)):
        return f"+32{plain[1]}"
    if re.fullmatch(r"[0-9][.,][0-9]+[eE]\+?[0-9]+", text):
        raise AddressFault("a spreadsheet has turned the number into a power of ten", _TEXT_REMEDY)
    if not _PHONE_SIGNS.fullmatch(text):
        raise AddressFault("not a phone number", _PHONE_REMEDY)
    return _thorough_phone(text)


def mask(value: str) -> str:
    """What may be shown of an address: enough for its owner to know it, too little for others to use it.

    >>> mask("direction@example.org"), mask("+32470123456")
    ('d…@example.org', '+32…56')
    """
    local, at, domain = value.rpartition("@")
    if at:
        return f"{local[:1]}…@{domain}"
    return f"{value[:3]}…{value[-2:]}" if len(value) > 6 else "…"


def _refuse_unprintable(text: str, remedy: str) -> None:
    if not text:
        raise AddressFault("empty", remedy)
    if fault := forbidden(text):
        raise AddressFault(fault, remedy)


def _thorough_email(text: str) -> str:
    try:
        # DNS says nothing about tomorrow, and an import of 12,000 rows would ask it 12,000 times.
        found = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise AddressFault(str(error).rstrip("."), _EMAIL_REMEDY) from error
    if found.ascii_email is None:
        raise AddressFault(
            "letters before the @ that many mail servers do not take (they need SMTPUTF8)",
            "ask for an address in plain letters a to z",
        )
    local, _, domain = found.ascii_email.rpartition("@")
    if "." not in domain:
        raise AddressFault("the part after the @ has no dot", _EMAIL_REMEDY)
    return f"{local.casefold()}@{domain.lower()}"


def _thorough_phone(text: str) -> str:
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except NumberParseException as error:
        raise AddressFault("not a phone number", _PHONE_REMEDY) from error
    if not phonenumbers.is_valid_number(number):
        raise AddressFault("no such number is in use in its country", _PHONE_REMEDY)
    kind = phonenumbers.number_type(number)
    if kind not in _TAKES_SMS:
        named = _KINDS.get(kind, "not a mobile number")
        raise NotMobile(f"{named}, which takes no SMS", "give a mobile number, or an e-mail address instead")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
