"""The demo: a mailbox, phones and a page to look at them, and history replayed on a clock of its own."""
