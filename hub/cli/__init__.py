"""The command line: `univoque --help` explains each command. Exit codes: 0 fine, 1 findings, 2 wrong use, 3 surroundings."""

from hub.cli.main import app, main

__all__ = ["app", "main"]
