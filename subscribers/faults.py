"""What an import says about what it could not take, or took with a remark; never a whole address."""

from dataclasses import dataclass


class Fault(ValueError):
    """A value that cannot be used: `reason` says why, `remedy` what to write; neither quotes an address whole."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class RowFault:
    """A refused row: where, why, and what to write instead. `hint` shows enough of the cell to find it."""

    row: int
    column: str
    hint: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class RowNote:
    """A remark on a row that was taken."""

    row: int
    column: str
    text: str
