"""The command line. Exit codes: 0 fine, 1 findings or refused rows, 2 wrong use, 3 the surroundings failed."""

from hub.cli.main import app, main

__all__ = ["app", "main"]
