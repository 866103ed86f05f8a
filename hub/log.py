"""What operators read: one event per line on standard error, never an address, a number or a text."""

import logging
import re
import sys
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from hub.config import Log

_PRIVATE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[^\s<>\"'(),;:\[\]{}=]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"), "[address]"),
    # E.164, with its plus or with 00, also where a URL spells the plus as %2B; and written in groups.
    (re.compile(r"(?<![\w.:-])(\+|%2[Bb]|00)\d(?:[ ./-]?\d){7,14}\b"), "[number]"),
    (re.compile(r"(/u/)[A-Za-z0-9_-]{8,}"), r"\1[link]"),
)
"""What looks like a reader's address, number or personal link, and what stands in its place."""


def configure(settings: Log) -> None:
    """Set up structlog for this process, and hand it what libraries log."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.format == "json":
        finish: list[structlog.types.Processor] = [
            # Without the frames' local variables: they hold addresses and texts.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
    else:
        plain = structlog.dev.plain_traceback  # rich's own shows local variables too
        finish = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, *finish, _redact],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Writer(sys.stderr),
    )
    logging.basicConfig(handlers=[_Libraries()], level=max(level, logging.WARNING), force=True)


def private_parts_out(line: str) -> str:
    """The line without what looks like an address, a number or a personal link.

    A second line of defence: no event of ours names one, but an error's text may quote what it was given.
    """
    for pattern, mark in _PRIVATE:
        line = pattern.sub(mark, line)
    return line


def _redact(_: object, __: str, line: structlog.typing.EventDict) -> str:
    """The last processor: it sees the line as it will be printed, tracebacks included."""
    return private_parts_out(str(line))


class _Writer(structlog.PrintLogger):
    """Prints lines, and goes on without where they cannot be written: a full disk must not end what it is told of."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file)

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


class _Libraries(logging.Handler):
    """What libraries say through logging goes the same way as what we say."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger(record.name)
        logger.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
