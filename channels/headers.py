"""E-mail headers as they stand on the wire: checked, encoded once, and folded only where a space stands."""

import re
from email.header import Header
from email.message import Message
from email.policy import EmailPolicy

from channels.contract import Refused, WrongSettings

# C0, DEL, C1, and the separators that some software takes for a line end (threat T8).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z0-9-]+")
# RFC 5322 §3.4.1 dot-atom @ host names; quoted local parts and SMTPUTF8 are not for bulk mail.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
# No "&" and no quotes: such a URL is the same in plain text, in HTML and between < and > in a header.
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?=%+\[\]-]+")
_LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_LONGEST_LOCAL = 64  # RFC 5321 §4.5.3.1.1
_KEY_LENGTH = 36  # a UUID as text
LONGEST_URL = 512


class HeadersAsGiven(EmailPolicy):
    """Writes headers as given, folded at spaces only.

    The stock policies break up long URLs and Message-IDs into encoded words, which no reader undoes in
    List-Unsubscribe or References; they also let NUL and a trailing CR through.
    """

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        return name, checked(value, name)

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value

    def fold(self, name: str, value: str) -> str:
        lines, line = [], f"{name}:"
        for word in value.split(" "):
            if len(line) + 1 + len(word) > 78 and line != f"{name}:":
                lines.append(line)
                line = ""
            line += f" {word}"
        return "\r\n".join([*lines, line]) + "\r\n"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii")


WIRE = HeadersAsGiven(linesep="\r\n", cte_type="8bit", max_line_length=None)


def checked(value: str, name: str) -> str:
    """The value, if no character of it could end the header or hide. Raises WrongSettings."""
    if _CONTROL.search(value):
        raise WrongSettings(f"{name}: a header must not hold line breaks or control characters; remove them")
    return value


def phrase(text: str, name: str) -> str:
    """Unstructured text for a header (RFC 2047 where it is not plain ASCII), white space evened out."""
    even = " ".join(checked(text, name).split())
    if even.isascii() and "=?" not in even and max(map(len, even.split()), default=0) < 900:
        return even
    return Header(even, "utf-8", header_name=name).encode(linesep="\n").replace("\n", "")


def mailbox(name: str, address: str, header: str) -> str:
    """`name <address>` for From and Reply-To; the address must be fit for the envelope too."""
    if not is_address(address):
        raise WrongSettings(f"{header}: {address!r} is no plain e-mail address (local@domain, ASCII)")
    shown = phrase(name, header)
    if shown and not shown.startswith("=?"):
        shown = '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{shown} <{address}>" if shown else address


def is_address(address: str) -> bool:
    """Whether it is exactly one plain ASCII address."""
    return len(address) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(address) is not None


def recipient(address: str) -> bytes:
    """A recipient's address as bytes for To and RCPT. Raises Refused, without the address."""
    if is_address(address):
        return address.encode("ascii")
    if not address.isascii():
        raise Refused("malformed", "the address is not ASCII; the relay would need SMTPUTF8")
    raise Refused("malformed", "this is not one plain e-mail address")


def fits_return_path(address: str) -> bool:
    """Whether a delivery's key still fits into its local part, behind a plus sign (RFC 5233 §4)."""
    return is_address(address) and len(address.partition("@")[0]) <= _LONGEST_LOCAL - len("+") - _KEY_LENGTH


def return_path(address: str, key: str) -> bytes:
    """The envelope sender of one delivery: a bounce to it names the delivery, whatever the bounce says."""
    local, _, domain = address.partition("@")
    return f"{local}+{key}@{domain}".encode("ascii")


def link(url: str) -> bytes:
    """A recipient's own URL as bytes for text, HTML and headers. Raises Refused, without the URL."""
    if len(url) <= LONGEST_URL and _URL.fullmatch(url):
        return url.encode("ascii")
    raise Refused("malformed", f"a personal link is a URL of at most {LONGEST_URL} safe ASCII characters")


def attach(message: Message, name: str, value: str) -> None:
    """Add a header that must not be there yet."""
    if not _NAME.fullmatch(name):
        raise WrongSettings(f"{name!r} is no name of a header")
    if name in message:
        raise WrongSettings(f"{name}: this header is written by the channel; leave it out")
    message[name] = value
