"""What is compiled once and joined per recipient is the message that composing it whole would have made."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import PERSONAL_LINK, Outgoing, Refused, Words, WrongSettings
from channels.email import Prepared, prepare
from channels.headers import LONGEST_URL
from tests.channels.settings import KEY, NOW, WORDS, Email, outgoing

SETTINGS = Email(sender_name="Univoque, « Région »", reply_to="aide@univoque.example")
Headers = dict[str, str]
FORMS = ("whole", "quoted")
each_form = pytest.mark.parametrize("form", FORMS)

# What no header and no text may hold is tested apart.
PRINTABLE = st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"))
SUBJECTS = st.text(PRINTABLE | st.sampled_from("éü😀 =?,\"'<>@"), max_size=300)
LINES = st.lists(
    st.text(PRINTABLE | st.sampled_from(". =é\t"), max_size=200) | st.just(PERSONAL_LINK), max_size=8
)
LINKS = st.from_regex(r"https://[a-z]{1,9}\.example/[A-Za-z0-9._~:/?=%+-]{0,200}", fullmatch=True)


def compiled(words: Words = WORDS, *, stream: str = "directives", headers: Headers | None = None) -> Prepared:
    return prepare(words, SETTINGS, stream=stream, headers=headers or {}, now=NOW)


def sent(prepared: Prepared, form: str, to: Outgoing | None = None) -> bytes:
    """The bytes as the server sees them: unstuffed, without the dot."""
    wire = prepared.wire(to or outgoing(prepared), form=getattr(prepared, form))
    assert wire.endswith(b"\r\n.\r\n")
    assert b"\r\n.\r\n" not in wire[:-5]
    return (b"\r\n" + wire[:-3]).replace(b"\r\n..", b"\r\n.")[2:]


def parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, _class=EmailMessage, policy=policy.default)


def texts(message: EmailMessage) -> list[str]:
    parts = [message.get_body((kind,)) for kind in ("plain", "html")]
    return [part.get_content().replace("\r\n", "\n") for part in parts if part is not None]


def composed(words: Words, to: Outgoing) -> EmailMessage:
    """The whole message for one recipient, made by the standard library alone."""
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = " ".join(words.subject.split())
    message["From"] = Address(SETTINGS.sender_name, addr_spec=SETTINGS.sender)
    message["To"] = to.address
    message["Date"] = format_datetime(NOW)
    message["Message-ID"] = f"<{to.key}@univoque.example>"
    message.set_content(words.text.replace(PERSONAL_LINK, to.personal_link))
    if words.html is not None:
        message.add_alternative(words.html.replace(PERSONAL_LINK, to.personal_link), subtype="html")
    return message


@each_form
@given(subject=SUBJECTS, lines=LINES, html=st.none() | LINES, link=LINKS)
def test_joined_bytes_say_what_the_whole_message_says(
    form: str, subject: str, lines: list[str], html: list[str] | None, link: str
) -> None:
    words = Words(subject, "\n".join(lines) + "\n", None if html is None else "\n".join(html) + "\n", "fr")
    prepared = compiled(words)
    to = outgoing(prepared, personal_link=link)

    message = parsed(sent(prepared, form, to))

    whole = composed(words, to)
    assert texts(message) == texts(whole)
    assert str(message["Subject"]) == " ".join(subject.split())
    for name in ("From", "To", "Date", "Message-ID"):
        assert str(message[name]) == str(whole[name])
    assert message.get_content_type() == whole.get_content_type()
    assert message.defects == []
    assert all(part.defects == [] for part in message.walk())


@each_form
@given(subject=SUBJECTS, lines=LINES, link=LINKS)
def test_every_line_is_one_that_any_relay_takes(form: str, subject: str, lines: list[str], link: str) -> None:
    prepared = compiled(
        Words(subject, "\n".join(lines), f'<p>{" ".join(lines)}<a href="{PERSONAL_LINK}">', "fr")
    )

    content = sent(prepared, form, outgoing(prepared, personal_link=link))

    head, _, body = content.partition(b"\r\n\r\n")
    assert head.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    content.decode("utf-8")
    if form == "quoted":
        assert body.isascii()
        assert all(len(line) <= 76 for line in body.split(b"\r\n"))


@each_form
def test_the_headers_are_exactly_these(form: str) -> None:
    prepared = compiled(headers={"References": "<a@univoque.example>"})

    message = parsed(sent(prepared, form))

    per_recipient = {"To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"}
    ours = {"From", "Subject", "Auto-Submitted", "Reply-To", "List-Id", "Date", "References"}
    mime = {"MIME-Version", "Content-Language", "Content-Type"}
    assert sorted(message.keys()) == sorted(per_recipient | ours | mime)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message["List-Id"] == "<directives.univoque.example>"
    assert message["Reply-To"] == "aide@univoque.example"
    assert [part["Content-Language"] for part in message.walk()] == ["fr", "fr", "fr"]
    assert [(a.display_name, a.addr_spec) for a in message["From"].addresses] == [
        ("Univoque, « Région »", "directives@univoque.example")
    ]


@each_form
def test_list_unsubscribe_stays_one_raw_line_however_long(form: str) -> None:
    url = "https://univoque.example/u/" + "x" * 300 + "/one-click"
    prepared = compiled()

    content = sent(prepared, form, outgoing(prepared, one_click=url))

    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in content
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


@each_form
def test_long_references_are_folded_between_ids_and_never_encoded(form: str) -> None:
    ids = [f"<{'x' * 80}{number}@univoque.example>" for number in range(3)]

    content = sent(compiled(headers={"References": " ".join(ids)}), form)

    assert f"References: {ids[0]}\r\n {ids[1]}\r\n {ids[2]}\r\n".encode() in content


@each_form
def test_duty_messages_have_no_opt_out(form: str) -> None:
    prepared = compiled(stream="duty")

    content = sent(prepared, form, outgoing(prepared, one_click=None))

    assert b"List-Unsubscribe" not in content


def test_other_messages_never_leave_without_an_opt_out() -> None:
    prepared = compiled()

    with pytest.raises(Refused, match="one-click"):
        prepared.wire(outgoing(prepared, one_click=None), form=prepared.whole)


def test_compiling_twice_gives_the_same_bytes() -> None:
    assert compiled() == compiled()


def test_a_date_among_the_headers_replaces_the_present_one() -> None:
    message = parsed(sent(compiled(headers={"Date": "Wed, 01 Apr 2020 12:00:00 +0200"}), "whole"))

    assert message["Date"] == "Wed, 01 Apr 2020 12:00:00 +0200"


def test_without_html_there_is_one_part() -> None:
    message = parsed(sent(compiled(replace(WORDS, html=None)), "whole"))

    assert message.get_content_type() == "text/plain"
    assert texts(message) == [WORDS.text.replace(PERSONAL_LINK, "https://univoque.example/u/Zx81kQ")]


def test_lines_too_long_for_8bit_are_quoted_in_both_forms() -> None:
    prepared = compiled(replace(WORDS, html="é" * 600))

    assert prepared.whole == prepared.quoted
    assert not prepared.whole.eight_bit


@pytest.mark.parametrize("length", range(60, 100))
def test_a_long_personal_link_survives_soft_breaks(length: int) -> None:
    link = "https://univoque.example/u/" + "=." * length
    prepared = compiled(replace(WORDS, html=f'x<a href="{PERSONAL_LINK}">{PERSONAL_LINK}</a>{PERSONAL_LINK}'))

    text, html = texts(parsed(sent(prepared, "quoted", outgoing(prepared, personal_link=link))))

    assert f"\n{link}\n" in text
    assert html == f'x<a href="{link}">{link}</a>{link}\n'


BREAKS = ["\r", "\n", "\r\nBcc: x@example.org", "\x00", "\x0b", "\x85", "\u2028", "\u2029", "\x1f", "\x7f"]


@pytest.mark.parametrize("bad", BREAKS)
@pytest.mark.parametrize("place", ["start", "end"])
def test_no_address_carries_a_line_break_or_control_character(bad: str, place: str) -> None:
    prepared = compiled()
    address = bad + "a@example.org" if place == "start" else "a@example.org" + bad

    with pytest.raises(Refused):
        prepared.wire(outgoing(prepared, address), form=prepared.whole)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org,b@example.org",
        "a@example.org b@example.org",
        "A <a@example.org>",
        "a@example.org>",
        "<a@example.org",
        '"a b"@example.org',
        "a..b@example.org",
        ".a@example.org",
        "a@-example.org",
        "a@exam_ple.org",
        "@example.org",
        "a@",
        "élodie@example.org",
        "a@école.example",
        "x" * 65 + "@example.org",
        "a@" + "x." * 130 + "org",
    ],
)
def test_an_address_is_exactly_one_plain_address(address: str) -> None:
    prepared = compiled()

    with pytest.raises(Refused) as refused:
        prepared.wire(outgoing(prepared, address), form=prepared.whole)

    assert address not in str(refused.value)


@given(st.text(max_size=60))
def test_whatever_the_address_there_is_one_recipient_or_none(address: str) -> None:
    prepared = compiled()
    try:
        content = sent(prepared, "whole", outgoing(prepared, address))
    except Refused:
        return

    assert [found.addr_spec for found in parsed(content)["To"].addresses] == [address]


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert(1)",
        "https://x.example/<",
        'https://x.example/"',
        "https://x.example/&amp",
        "https://é.example",
        "https://x.example/\r\n.",
        "https://x.example/ ",
        "https://x.example/,",
        "https://x.example/" + "x" * LONGEST_URL,
    ],
)
def test_a_link_is_one_url_that_is_safe_everywhere(link: str) -> None:
    prepared = compiled()

    for parts in ({"personal_link": link}, {"one_click": link}):
        with pytest.raises(Refused):
            prepared.wire(outgoing(prepared, **parts), form=prepared.whole)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["", "x", KEY + ">", KEY[:-1] + "\n"])
def test_a_key_is_a_uuid(key: str) -> None:
    prepared = compiled()

    with pytest.raises(Refused):
        prepared.wire(outgoing(prepared)._replace(key=key), form=prepared.whole)


@pytest.mark.parametrize("bad", BREAKS)
def test_no_header_of_ours_carries_a_line_break_or_control_character(bad: str) -> None:
    attempts: list[Any] = [
        lambda: compiled(replace(WORDS, subject="a" + bad)),
        lambda: compiled(headers={"X-Directive": bad + "a"}),
        lambda: prepare(WORDS, replace(SETTINGS, sender_name="a" + bad), stream="duty", headers={}, now=NOW),
        lambda: prepare(
            WORDS, replace(SETTINGS, sender=SETTINGS.sender + bad), stream="duty", headers={}, now=NOW
        ),
        lambda: prepare(
            WORDS, replace(SETTINGS, reply_to=bad + "a@b.example"), stream="duty", headers={}, now=NOW
        ),
        lambda: prepare(WORDS, replace(SETTINGS, list_id="a" + bad), stream="duty", headers={}, now=NOW),
        lambda: compiled(replace(WORDS, language="fr" + bad)),
    ]

    for attempt in attempts:
        with pytest.raises(WrongSettings):
            attempt()


@pytest.mark.parametrize(
    "name", ["To", "bcc", "Message-ID", "List-Unsubscribe", "From", "Subject", "Content-Type"]
)
def test_headers_of_the_channel_cannot_be_given(name: str) -> None:
    with pytest.raises(WrongSettings, match=re.escape(name)):
        compiled(headers={name: "x"})


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nBcc", "É"])
def test_a_header_name_is_one(name: str) -> None:
    with pytest.raises(WrongSettings):
        compiled(headers={name: "x"})


def test_a_control_character_in_a_text_is_named_with_its_line() -> None:
    with pytest.raises(WrongSettings, match=r"text, line 3: control character U\+0000"):
        compiled(replace(WORDS, text="a\nb\nc\x00"))


def test_the_personal_link_belongs_into_the_text() -> None:
    with pytest.raises(WrongSettings, match="personal link"):
        compiled(replace(WORDS, subject=f"Voir {PERSONAL_LINK}"))
