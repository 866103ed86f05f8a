"""What operators read: one event per line on standard error, never an address, a number or a text."""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from hub.config import Log


def configure(settings: Log) -> None:
    """Set up structlog for this process."""
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
        processors=[*shared, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
