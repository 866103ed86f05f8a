"""Builders: a directive, a sheet, a frame, an open hub, each with plain defaults that a test overrides."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hub import register as registers
from hub.config import Config, load
from hub.intake import file
from hub.model.directive import Contact, Directive, Link, Measure
from hub.model.review import Kind, Mode
from hub.model.staff import Role, Staff
from hub.register import Register
from hub.render import Sheet
from hub.render import wording as words
from hub.render.frame import Frame

DIRECTIVES = Path(__file__).parent / "data" / "directives"
SCENARIOS = sorted(DIRECTIVES.glob("?-*.toml"))

SINKS = {"email__sink": "true", "email_standby__sink": "true", "sms__sink": "true"}
"""The doubles deliver nothing, so an exercise may speak to them."""

REGISTER = registers.load()
WORDING = words.load()


def text(fr: str) -> dict[Any, str]:
    """The same words in four languages."""
    return dict.fromkeys(("fr", "de", "nl", "en"), fr)


def measure(**given: Any) -> Measure:
    """Visits in care homes are forbidden."""
    fields: dict[str, Any] = {
        "id": "m1",
        "topic": "visits",
        "modality": "forbidden",
        "actor": "direction",
        "verb": text("refuser"),
        "object": text("les visites aux résidents"),
    }
    return Measure(**{**fields, **given})


def link(url: str) -> Link:
    """A form on offer."""
    return Link(text("Formulaire"), url)


def directive(**given: Any) -> Directive:
    """A circular of 10 March 2020 on care homes, for four audiences, with a contact."""
    fields: dict[str, Any] = {
        "id": "visites",
        "issuer": "wal-min-sante",
        "act_type": "circulaire",
        "title": text("Interdiction des visites"),
        "urgency": "Immediate",
        "territory": ("90000",),
        "sectors": ("elderly.residential",),
        "audiences": ("direction", "staff", "beneficiary", "family"),
        "measures": (measure(),),
        "issued": date(2020, 3, 10),
        "effective_from": datetime(2020, 3, 10, 23, tzinfo=UTC),
        "effective_to": datetime(2020, 3, 31, 22, tzinfo=UTC),
        "contacts": (Contact("appel", text("Centre d'appel"), phone="0800 14 689"),),
    }
    return Directive(**{**fields, **given})


def sheet(act: Directive | None = None, *, others: dict[str, Directive] | None = None, **given: Any) -> Sheet:
    """A sheet of a directive among the acts in `others`."""
    return Sheet(act or directive(**given), REGISTER, WORDING, others or {})


def frame(*, mode: Mode = Mode.EXERCISE, kind: Kind = Kind.NEW, stream: str = "directives") -> Frame:
    """The frame of an instance at univoque.example."""
    return Frame(WORDING, REGISTER, "K7QX2M", "https://univoque.example/d/K7QX2M", mode, kind, stream)


def real(*, register: Register = REGISTER) -> dict[str, Directive]:
    """The real directives of all scenarios, by id."""
    return {act.id: act for path in SCENARIOS for act in file.read(path, register).directives}


def config(directory: Path, **given: str) -> Config:
    """The default settings, French alone, to doubles, with their data in `directory`; `email__host="…"` overrides."""
    defaults = {"service__data_dir": str(directory), "service__languages": "fr", **SINKS}
    return load(environ={f"UNIVOQUE__{name.upper()}": value for name, value in {**defaults, **given}.items()})


def staff(name: str = "Rédaction", *roles: Role) -> Staff:
    """A member of staff; an editor when nothing else is said."""
    return Staff(name, frozenset(roles or (Role.EDITOR,)), datetime(2020, 1, 1, tzinfo=UTC))


def covered(act: Directive) -> Directive:
    """The same act with a signed decision for every cell that it leaves open."""
    from hub.model.directive import AUDIENCES, Coverage

    named = set(act.sectors).union(*(m.sectors for m in act.measures))
    spoken_to = set(act.audiences).union(*(m.audiences for m in act.measures))
    left = tuple(audience for audience in AUDIENCES if audience not in spoken_to)
    decisions = [
        Coverage("others", AUDIENCES, text("Cette consigne ne vise pas ce secteur."), "cellule de crise"),
    ]
    if left:
        reason = text("Ce public reçoit une autre information.")
        decisions.append(Coverage(tuple(sorted(named)), left, reason, "cellule de crise"))
    return replace(act, coverage=tuple(decisions))
