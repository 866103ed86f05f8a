"""Those who work in the console, and what each role may do."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may do; a person may have several."""

    EDITOR = "editor"
    APPROVER = "approver"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Staff:
    """A named person; the token itself is shown once and never kept."""

    name: str
    roles: frozenset[Role]
    added_at: datetime
    disabled_at: datetime | None = None


def name_key(name: str) -> str:
    """What two spellings of one name have in common: neither case, width nor white space makes another person."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
