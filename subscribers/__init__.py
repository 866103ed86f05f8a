"""To whom: persons, organisations, their addresses and their consent."""
