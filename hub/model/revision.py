"""A revision: the n-th state of a directive as the hub holds it, with who did what to it."""

from dataclasses import dataclass
from datetime import datetime

from hub.model.directive import Directive
from hub.model.review import Finding, Kind, Mode, Stage


@dataclass(frozen=True, slots=True)
class Revision:
    """`code` is the public reference code; digests are SHA-256 in hexadecimal.

    `words_digest` binds the renderings, `approval_digest` also audience rule, mode and expiry (decision 14).
    """

    directive: Directive
    number: int
    stage: Stage
    kind: Kind
    mode: Mode
    code: str
    sheet_digest: str
    words_digest: str | None
    approval_digest: str | None
    editors: tuple[str, ...]
    submitted_by: str | None
    submitted_at: datetime | None
    audience_count: int | None
    expires_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    first_published_at: datetime | None
    findings: tuple[Finding, ...]
