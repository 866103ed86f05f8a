"""One message over an open SMTP connection: envelope, content, and what each end means.

Where the relay offers PIPELINING (RFC 2920), MAIL, RCPT and DATA leave in one write; those of the message that
follows leave with the content of the one before, as §3.1 there allows: one round trip a message.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from channels.contract import ChannelError, Expired, Receipt, Unavailable, Uncertain
from channels.smtp_connection import Connection, Envelope
from channels.smtp_replies import Phase, Reply, failure, receipt
from channels.smtp_wire import Closed, Lost

_WELCOME: dict[Phase, tuple[bytes, ...]] = {"mail": (b"250",), "rcpt": (b"250", b"251"), "data": (b"354",)}
_RESET = b"RSET\r\n"
_DATA = b"DATA\r\n"
_MAIL: tuple[Phase, ...] = ("mail",)
_RCPT: tuple[Phase, ...] = ("rcpt",)
_CONTENT: tuple[Phase, ...] = ("data",)
_TOGETHER: tuple[Phase, ...] = ("mail", "rcpt", "data")
_USUAL = [b"250", b"250", b"354"]
_AFTER_RESET: tuple[Phase, ...] = ("mail", *_TOGETHER)


class Stale(Exception):
    """The connection came to its end before anything was concluded of this message; a new one will tell."""


class Unheard(Stale):
    """The relay did not hear what followed the message before, though it offers PIPELINING."""


async def transfer(
    connection: Connection,
    envelope: Envelope,
    wire: bytes,
    *,
    dot_timeout: float,
    now: Callable[[], datetime],
    ahead: Envelope | None = None,
) -> Receipt:
    """Send one message to one recipient; what is `ahead` is announced with it: only to a relay with PIPELINING.

    Nothing else may have been announced before. Raises Refused, Unavailable, Uncertain, Expired
    where its time is over by `now`, or Stale where a connection used before turns out to be closed.
    """
    announced = connection.announced is envelope
    if not announced:
        await _open(connection, envelope)
    elif not _is_heard(connection):
        await _hear(connection)
    if envelope.outgoing.expires_at <= now():
        connection.drop()  # the relay waits for the content, and would take whatever came for it
        raise Expired
    try:
        return await _hand_over(connection, wire, dot_timeout, ahead)
    except Closed as lost:
        connection.drop()
        if announced:
            raise Stale from lost
        raise _cut_short(lost.code, "before the message was sent") from lost


async def _open(connection: Connection, envelope: Envelope) -> None:
    """Open a transaction, up to the relay's asking for the content. Raises ChannelError or Stale."""
    reset, used = connection.needs_reset, connection.used
    connection.used = connection.needs_reset = True
    if connection.pipelining:
        commands = envelope.mail + envelope.rcpt + _DATA
        if reset:
            await _say(connection, _AFTER_RESET, _RESET + commands, used=used)
        else:
            await _say(connection, _TOGETHER, commands, used=used)
        return
    if reset:
        await _say(connection, _MAIL, _RESET, used=used)
    for phases, command in ((_MAIL, envelope.mail), (_RCPT, envelope.rcpt), (_CONTENT, _DATA)):
        await _say(connection, phases, command, used=used)


def _is_heard(connection: Connection) -> bool:
    """Whether what was announced is welcome, by replies that are here: so it mostly is."""
    if not connection.wire.is_welcome(_USUAL):
        return False
    connection.needs_reset, connection.announced = True, None
    return True


async def _hear(connection: Connection) -> None:
    """Take the replies to what was announced. Raises ChannelError or Stale.

    An unwelcome one counts where the message before was taken; after any other end of it, a new connection decides.
    """
    clean = not connection.needs_reset
    connection.needs_reset = True
    try:
        replies = await connection.rest()
    except Lost as lost:
        connection.drop()
        raise (Unheard if lost.code == "timeout" else Stale) from lost
    finally:
        connection.announced = None
    if not clean and [reply[:3] for reply in replies] != _USUAL:
        connection.drop()
        raise Stale
    await _judge(connection, _TOGETHER, replies, used=True)


async def _say(connection: Connection, phases: Sequence[Phase], commands: bytes, *, used: bool) -> None:
    """Send a group of commands. Raises ChannelError or Stale where a reply is unwelcome or does not come."""
    lost = None
    try:
        replies = await connection.ask(commands, len(phases))
    except Lost as broken:
        lost, replies = broken, broken.replies
    await _judge(connection, phases, replies, used=used)
    if lost is None:
        return
    connection.drop()
    phase = phases[min(len(replies), len(phases) - 1)]
    if used and phase == "mail":
        raise Stale from lost
    raise _cut_short(lost.code, f"in phase {phase}", named=phase != "mail") from lost


async def _judge(
    connection: Connection, phases: Sequence[Phase], replies: Sequence[bytes], *, used: bool
) -> None:
    """The first unwelcome reply to a command counts. Raises ChannelError or Stale."""
    for phase, reply in zip(phases, replies, strict=False):
        if reply[:3] not in _WELCOME[phase]:
            if phases[-1] == "data" and replies[-1][:3] in _WELCOME["data"]:
                await _take_back(connection)
            error = _failed(connection, reply, phase)
            if used and phase == "mail" and not connection.is_open:
                raise Stale from error
            raise error


async def _take_back(connection: Connection) -> None:
    """End a message that was let in without any recipient, as RFC 2920 §3.1 asks: nobody gets it."""
    try:
        await connection.ask(b".\r\n", 1)
    except Lost:
        connection.drop()


async def _hand_over(
    connection: Connection, wire: bytes, dot_timeout: float, ahead: Envelope | None
) -> Receipt:
    """Send the content, and hear what became of it. Raises Refused, Unavailable or Uncertain, and Closed."""
    after = b"" if ahead is None else ahead.mail + ahead.rcpt + _DATA
    connection.announced = ahead
    try:
        replies = await connection.wire.exchange(
            wire + after, 1, dot_timeout, owed=0 if ahead is None else len(_TOGETHER)
        )
    except Closed:
        raise
    except Lost as lost:
        unsent = connection.wire.unsent
        connection.drop()
        if lost.code == "timeout" and unsent > len(after):  # the dot is still here
            raise _cut_short(lost.code, "the relay stopped reading in mid-message") from lost
        raise Uncertain(lost.code, "after the message, before its answer") from lost
    return _taken(connection, replies[0])


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
        return _cut_short("garbled-reply", f"in phase {phase}", named=phase != "mail")
    return _refused(connection, reply, phase)


def _cut_short(code: str, detail: str, *, named: bool = True) -> Unavailable:
    """No try: a relay that breaks off says nothing of the message; how the others fare shows whom it concerns.

    Until RCPT the far side has heard nothing that tells this message from another.
    """
    return Unavailable(code, detail, counts=False, concerns="unclear" if named else "all")


def _refused(connection: Connection, reply: Reply, phase: Phase) -> ChannelError:
    if reply.digits == 421 or reply.digits < 400:
        connection.drop()  # RFC 5321 §3.8: after 421 the server closes; what fits no phase is out of step
    return failure(reply, phase)
