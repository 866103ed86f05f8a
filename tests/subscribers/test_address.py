"""Every way of writing an address ends in one kept form, or in a refusal that says what to write."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import (
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_valid_number,
    number_type,
    parse,
)

from subscribers.address import AddressFault, NotMobile, mask, normalise_email, normalise_phone


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("info@example.org", "info@example.org"),
        ("  Info@Example.ORG ", "info@example.org"),
        ("jean.dupont+urgence@mail.example.org", "jean.dupont+urgence@mail.example.org"),
        ("O'Neil@example.org", "o'neil@example.org"),
        ("direction@Pépinière.example", "direction@xn--ppinire-6xae.example"),
        ("info@tilleuls.example", "info@tilleuls.example"),
        ("info@tilleuls.test", "info@tilleuls.test"),
        ("a@b.co", "a@b.co"),
    ],
)
def test_an_email_address_has_one_kept_form(written: str, kept: str) -> None:
    assert normalise_email(written) == kept


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("info", "@-sign"),
        ("info@", "after the @-sign"),
        ("info@@example.org", "@-sign"),
        ("info@example", "no"),
        ("info@test", "no dot"),
        ("a..b@example.org", "two periods"),
        (".a@example.org", "start with a period"),
        ("info@-example.org", "hyphen"),
        ("info@exa_mple.org", "invalid characters"),
        ("info@machine.local", "special-use"),
        ("info@nowhere.invalid", "special-use"),
        ("info@[127.0.0.1]", "IP address"),
        ('"a b"@example.org', "Quoting"),
        ("Jean <jean@example.org>", "display name"),
        ("jean@example.org, marie@example.org", "invalid characters|One|@-sign"),
        ("jéan@example.org", "SMTPUTF8"),
        ("a@example.org\r\nBcc: b@example.org", "line break"),
        ("a\n@example.org", "line break"),
        ("a\x00@example.org", "control"),
        ("a\u2028b@example.org", "U\\+2028"),
        ("a\u2029b@example.org", "U\\+2029"),
        ("a\x85b@example.org", "U\\+0085"),
        ("a\u202eb@example.org", "invisible"),
        ("a\u200bb@example.org", "invisible"),
        ("x" * 65 + "@example.org", "long"),
        ("x@" + "y" * 250 + ".org", "long"),
    ],
)
def test_an_email_address_that_cannot_be_used_is_refused_with_a_remedy(written: str, reason: str) -> None:
    with pytest.raises(AddressFault, match=reason) as refusal:
        normalise_email(written)

    assert refusal.value.remedy


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0470123456", "+32470123456"),
        ("0470/123.456", "+32470123456"),
        ("0470 12 34 56", "+32470123456"),
        ("0470-12-34-56", "+32470123456"),
        ("0470\u00a012\u202f34–56", "+32470123456"),
        ("'0470123456", "+32470123456"),
        ("470123456", "+32470123456"),
        ("0032470123456", "+32470123456"),
        ("0032 (0)470 12 34 56", "+32470123456"),
        ("+32470123456", "+32470123456"),
        ("+32(0)470/12.34.56", "+32470123456"),
        ("32470123456", "+32470123456"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("+49 (0)151 12345678", "+4915112345678"),
        ("+352 621 123 456", "+352621123456"),
        ("+31 6 12345678", "+31612345678"),
        ("+1 202 555 0143", "+12025550143"),
    ],
)
def test_a_number_has_one_kept_form(written: str, kept: str) -> None:
    assert normalise_phone(written) == kept


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "empty"),
        ("0470", "no such number"),
        ("04701234567", "no such number"),
        ("0440123456", "no such number"),
        ("0470ABCDEF", "not a phone number"),
        ("+32 2 123 45 67", "no such number"),
        ("+999 123456789", "not a phone number|no such number"),
        ("4.70123456E+8", "power of ten"),
        ("0470\n123456", "line break"),
        ("0470123456 ext. 3", "not a phone number"),
        ("=cmd|'/C calc'!A0", "not a phone number"),
        ("+" * 30, "not a phone number"),
        ("1" * 200, "not a phone number"),
    ],
)
def test_a_number_that_cannot_be_used_is_refused_with_a_remedy(written: str, reason: str) -> None:
    with pytest.raises(AddressFault, match=reason) as refusal:
        normalise_phone(written)

    assert refusal.value.remedy


@pytest.mark.parametrize(
    ("written", "kind"),
    [("02 511 12 34", "landline"), ("+33 1 42 34 56 78", "landline"), ("0800 12 345", "toll-free")],
)
def test_a_number_that_takes_no_sms_is_named_for_what_it_is(written: str, kind: str) -> None:
    with pytest.raises(NotMobile, match=kind):
        normalise_phone(written)


def test_a_mask_shows_no_whole_address() -> None:
    assert mask("direction@example.org") == "d…@example.org"
    assert mask("+32470123456") == "+32…56"
    assert mask("0470") == "…"


@given(st.from_regex(r"[A-Za-z0-9._+\-]{1,12}@[a-z0-9.\-]{1,14}\.[a-z]{1,6}", fullmatch=True))
def test_the_quick_check_of_addresses_never_disagrees_with_the_library(written: str) -> None:
    try:
        found = validate_email(written, check_deliverability=False, test_environment=True).ascii_email
    except EmailNotValidError:
        with pytest.raises(AddressFault):
            normalise_email(written)
    else:
        assert found is not None
        assert normalise_email(written) == found.casefold()


@given(st.from_regex(r"(\+32|0032|0)?4[0-9]{2}[ /.]?[0-9]{2,3}[ .]?[0-9]{2,4}", fullmatch=True))
def test_the_quick_check_of_numbers_never_disagrees_with_the_library(written: str) -> None:
    number = parse(written, "BE")
    if is_valid_number(number) and number_type(number) == PhoneNumberType.MOBILE:
        assert normalise_phone(written) == format_number(number, PhoneNumberFormat.E164)
    else:
        with pytest.raises(AddressFault):
            normalise_phone(written)


@given(st.text())
def test_no_text_at_all_is_more_than_an_address_fault(written: str) -> None:
    for normalise in (normalise_email, normalise_phone):
        try:
            kept = normalise(written)
        except AddressFault:
            continue
        assert kept.isascii()
        assert kept.isprintable()
        assert normalise(kept) == kept
