"""One message over an open SMTP connection, one command after the other, and what its end means."""

from channels.contract import ChannelError, Receipt, Unavailable, Uncertain
from channels.email import Form
from channels.smtp_connection import Connection, Lost
from channels.smtp_replies import Phase, Reply, failure, receipt


class Stale(Exception):
    """The server had closed the connection before this message was mentioned."""


async def transfer(
    connection: Connection, *, sender: bytes, recipient: bytes, form: Form, wire: bytes, dot_timeout: float
) -> Receipt:
    """Send one message to one recipient.

    Raises Refused, Unavailable, Uncertain, or Stale where a connection used before turns out to be closed.
    """
    await _begin(connection, sender, form)
    await _say(connection, "rcpt", 250, b"RCPT", b"TO:<" + recipient + b">")
    await _say(connection, "data", 354, b"DATA")
    try:
        connection.write(wire)
    except Lost as lost:
        raise Unavailable(lost.code, "before the message was sent") from lost
    return await _end(connection, dot_timeout)


async def _begin(connection: Connection, sender: bytes, form: Form) -> None:
    used = connection.used
    connection.used = True
    try:
        if connection.needs_reset:
            await _say(connection, "mail", 250, b"RSET")
            connection.needs_reset = False
        body = (b"BODY=8BITMIME",) if form.eight_bit else ()  # RFC 6152 §2
        await _say(connection, "mail", 250, b"MAIL", b"FROM:<" + sender + b">", *body)
    except Unavailable as error:
        if used and not connection.is_open:
            raise Stale from error
        raise


async def _say(connection: Connection, phase: Phase, welcome: int, *words: bytes) -> None:
    connection.needs_reset = True
    try:
        reply = await connection.command(*words)
    except Lost as lost:
        connection.drop()
        # Until RCPT the far side has heard nothing that tells this message from another.
        raise Unavailable(lost.code, f"in phase {phase}", counts=phase != "mail") from lost
    if reply.digits == welcome or (phase == "rcpt" and reply.digits == 251):
        return
    raise _failed(connection, reply, phase)


async def _end(connection: Connection, dot_timeout: float) -> Receipt:
    try:
        reply = await connection.reply(dot_timeout)
    except Lost as lost:
        dot_is_here = lost.code == "timeout" and connection.unsent > 0
        connection.drop()
        if dot_is_here:
            raise Unavailable(lost.code, "the relay stopped reading in mid-message") from lost
        raise Uncertain(lost.code, "after the message, before its answer") from lost
    if reply.digits == 250:
        connection.needs_reset = False
        return receipt(reply)
    if reply.digits < 400:
        connection.drop()
        raise Uncertain(reply.code, f"no answer to a message: {reply.detail}")
    raise _failed(connection, reply, "dot")


def _failed(connection: Connection, reply: Reply, phase: Phase) -> ChannelError:
    if reply.digits == 421 or reply.digits < 400:
        connection.drop()  # RFC 5321 §3.8: after 421 the server closes; what fits no phase is out of step
    return failure(reply, phase)
