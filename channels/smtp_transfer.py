"""One message over an open SMTP connection: envelope, content, and what each end means.

Where the relay offers PIPELINING (RFC 2920), MAIL, RCPT and DATA leave in one write: two round trips a message.
"""

from dataclasses import dataclass

from channels.contract import ChannelError, Receipt, Unavailable, Uncertain
from channels.email import Form
from channels.smtp_connection import Connection
from channels.smtp_replies import Phase, Reply, failure, receipt
from channels.smtp_wire import Codes, Further, Lost

_WELCOME: dict[Phase, Codes] = {"mail": (b"250",), "rcpt": (b"250", b"251"), "data": (b"354",)}


@dataclass(frozen=True, slots=True)
class _Group:
    """Commands that leave together, by the phase of each."""

    phases: tuple[Phase, ...]
    codes: tuple[Codes, ...]

    @classmethod
    def of(cls, *phases: Phase) -> "_Group":
        return cls(phases, tuple([_WELCOME[phase] for phase in phases]))


_RESET = b"RSET\r\n"
_DATA = b"DATA\r\n"
_ALONE = {phase: _Group.of(phase) for phase in _WELCOME}
_TOGETHER = _Group.of("mail", "rcpt", "data")
_AFTER_RESET = _Group.of("mail", "mail", "rcpt", "data")


class Stale(Exception):
    """The server had closed the connection before this message was mentioned."""


async def transfer(
    connection: Connection, *, sender: bytes, recipient: bytes, form: Form, wire: bytes, dot_timeout: float
) -> Receipt:
    """Send one message to one recipient.

    Raises Refused, Unavailable, Uncertain, or Stale where a connection used before turns out to be closed.
    """
    body = b" BODY=8BITMIME" if form.eight_bit else b""  # RFC 6152 §2
    mail = b"MAIL FROM:<%b>%b\r\n" % (sender, body)
    rcpt = b"RCPT TO:<%b>\r\n" % recipient
    reset = connection.needs_reset
    used, connection.used, connection.needs_reset = connection.used, True, True
    if connection.pipelining:
        group = _AFTER_RESET if reset else _TOGETHER
        commands = mail + rcpt + _DATA
        commands = _RESET + commands if reset else commands
    else:
        before = [(_ALONE["mail"], _RESET)] if reset else []
        for alone, command in (*before, (_ALONE["mail"], mail), (_ALONE["rcpt"], rcpt)):
            await _say(connection, alone, command, used=used)
        group, commands = _ALONE["data"], _DATA
    content = Further(wire, dot_timeout, group.codes)
    return _taken(connection, await _say(connection, group, commands, used=used, content=content))


async def _say(
    connection: Connection, group: _Group, commands: bytes, *, used: bool, content: Further | None = None
) -> bytes:
    """Send a group of commands, then the content; returns the last reply.

    The first unwelcome reply to a command counts. Raises ChannelError or Stale.
    """
    lost = None
    phases = group.phases
    try:
        replies = await connection.ask(commands, len(phases), further=content)
    except Lost as broken:
        lost, replies = broken, broken.replies
    if len(replies) > len(phases):
        return replies[-1]
    for phase, reply in zip(phases, replies, strict=False):
        if reply[:3] not in _WELCOME[phase]:
            if phases[-1] == "data" and replies[-1][:3] in _WELCOME["data"]:
                await _take_back(connection)
            error = _failed(connection, reply, phase)
            if used and phase == "mail" and not connection.is_open:
                raise Stale from error
            raise error
    if lost is None and content is None:
        return replies[-1]
    if len(replies) == len(phases):
        raise _unanswered(connection, lost) from lost
    assert lost is not None
    connection.drop()
    phase = phases[len(replies)]
    if used and phase == "mail":
        raise Stale from lost
    # Until RCPT the far side has heard nothing that tells this message from another.
    raise Unavailable(lost.code, f"in phase {phase}", counts=phase != "mail") from lost


async def _take_back(connection: Connection) -> None:
    """End a message that was let in without any recipient, as RFC 2920 §3.1 asks: nobody gets it."""
    try:
        await connection.ask(b".\r\n", 1)
    except Lost:
        connection.drop()


def _unanswered(connection: Connection, lost: Lost | None) -> ChannelError:
    """All commands were welcome, and nothing came after them: what is known of the content."""
    unsent = connection.wire.unsent
    connection.drop()
    if lost is None:
        return Unavailable("garbled-reply", "the relay said more than was asked, before the message was sent")
    if lost.code == "timeout" and unsent > 0:  # the dot is still here
        return Unavailable(lost.code, "the relay stopped reading in mid-message")
    return Uncertain(lost.code, "after the message, before its answer")


def _taken(connection: Connection, raw: bytes) -> Receipt:
    """What the reply to the content means. Raises Refused, Unavailable or Uncertain."""
    try:
        reply = Reply.read(raw)
    except ValueError:
        connection.drop()
        raise Uncertain("garbled-reply", "after the message") from None
    if reply.digits == 250:
        connection.needs_reset = False
        return receipt(reply)
    if reply.digits < 400:
        connection.drop()
        raise Uncertain(reply.code, f"no answer to a message: {reply.detail}")
    raise _refused(connection, reply, "dot")


def _failed(connection: Connection, raw: bytes, phase: Phase) -> ChannelError:
    try:
        reply = Reply.read(raw)
    except ValueError:
        connection.drop()
        return Unavailable("garbled-reply", f"in phase {phase}", counts=phase != "mail")
    return _refused(connection, reply, phase)


def _refused(connection: Connection, reply: Reply, phase: Phase) -> ChannelError:
    if reply.digits == 421 or reply.digits < 400:
        connection.drop()  # RFC 5321 §3.8: after 421 the server closes; what fits no phase is out of step
    return failure(reply, phase)
