"""Reference data, versioned: sectors, issuers, territories, topics, act types, and who is competent for what."""

from hub.register.entries import (
    Commune,
    Competence,
    Entry,
    Issuer,
    LanguageRule,
    Register,
    Sector,
    Territory,
    Topic,
)
from hub.register.load import load
from hub.register.places import Places

__all__ = [
    "Commune",
    "Competence",
    "Entry",
    "Issuer",
    "LanguageRule",
    "Places",
    "Register",
    "Sector",
    "Territory",
    "Topic",
    "load",
]
