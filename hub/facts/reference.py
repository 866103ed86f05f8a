"""The public reference code of a directive: short enough to read out, the same for all its revisions."""

import hashlib

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, which are misread or misheard."""

LENGTH = 6


def reference_code(directive: str) -> str:
    """Six characters from the id; 30 bits, so the store refuses the rare second directive with the same code."""
    number = int.from_bytes(hashlib.sha256(directive.encode()).digest()[:8], "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(0, 5 * LENGTH, 5))
