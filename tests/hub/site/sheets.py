"""Small directives for the site's tests, and the catalogue they make."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hub import register
from hub.model.directive import Contact, Directive, Link, Measure, Quantity, Relation, Source
from hub.model.message import Hat, Message
from hub.model.review import Kind, Mode, Stage
from hub.now import parse_instant
from hub.register import Register
from hub.render import Sheet, render, wording
from hub.render.frame import Frame, compose
from hub.site.catalogue import Catalogue, Edition, Past

BASE_URL = "https://univoque.example"
MARCH = datetime(2020, 3, 10, 17, 30, tzinfo=UTC)

VISITS = Directive(
    id="wal-visites",
    issuer="wal-min-sante",
    act_type="circulaire",
    title={"fr": "Visites interdites <dans les maisons de repos> & ailleurs"},
    summary={"fr": "Les visites sont interdites, sauf cas exceptionnels."},
    urgency="Immediate",
    issued=date(2020, 3, 10),
    effective_from=parse_instant("2020-03-11"),
    effective_to=parse_instant("2020-04-01"),
    territory=("WAL-FR",),
    sectors=("elderly.residential", "disability.residential"),
    audiences=("direction", "family"),
    unknown=("reference",),
    measures=(
        Measure(
            id="m1",
            topic="visits",
            modality="forbidden",
            actor="direction",
            verb={"fr": "refuser"},
            object={"fr": "les visites aux résidents"},
            exceptions=({"fr": "fin de vie"},),
        ),
    ),
    contacts=(Contact("appel", {"fr": "Centre d'appel"}, phone="0800 14 689"),),
    docs=(Link({"fr": "Formulaire"}, "https://univoque.example/formulaire?a=1&b=2"),),
    sources=(Source("AVIQ", "https://aviq.example/coronavirus"),),
)
EVERYBODY = replace(
    VISITS,
    id="be-couvre-feu",
    issuer="be-int",
    title={"fr": "Couvre-feu pour tous"},
    sectors=("general",),
    audiences=("citizen",),
    measures=(
        Measure(
            id="m1",
            topic="capacity",
            modality="restricted",
            actor="citizen",
            verb={"fr": "limiter"},
            object={"fr": "les réunions"},
            quantity=Quantity("<=", 4, "personne"),
        ),
    ),
    unknown=(),
)


def extension(of: str = VISITS.id, **changes: Any) -> Directive:
    """An act without measures that extends another one."""
    sheet = replace(
        VISITS,
        id="wal-prolongation",
        title={"fr": "Prolongation des visites interdites"},
        act_type="prolongation",
        issued=date(2020, 3, 30),
        effective_from=parse_instant("2020-04-01"),
        effective_to=parse_instant("2020-05-01"),
        measures=(),
        relations=(Relation("extends", target=of),),
    )
    return replace(sheet, **changes)


@cache
def registers() -> Register:
    return register.load()


def texts(directive: Directive, code: str, mode: Mode, others: Iterable[Directive]) -> dict[Hat, Message]:
    """The web texts of a directive, as approval would freeze them."""
    sheet = Sheet(directive, registers(), wording.load(), {other.id: other for other in others})
    frame = Frame(wording.load(), registers(), code, f"{BASE_URL}/d/{code}", mode)
    return {
        Hat(variant.sector, variant.audience): compose([block], frame)
        for variant, block in render(sheet, ["fr"], ["web"]).blocks.items()
    }


def edition(
    directive: Directive,
    code: str = "K7QX2M",
    *,
    at: datetime = MARCH,
    before: Iterable[Past] = (),
    kind: Kind = Kind.NEW,
    stage: Stage = Stage.APPROVED,
    mode: Mode = Mode.ACTUAL,
    others: Iterable[Directive] = (),
) -> Edition:
    """A directive as published; `before` are its earlier revisions."""
    past = (*before, Past(len(tuple(before)) + 1, kind, at, directive))
    words = texts(directive, code, mode, [directive, *others])
    return Edition(
        directive=directive,
        code=code,
        stage=stage,
        mode=mode,
        texts=words,
        changed_at=dict.fromkeys(words, at),
        past=past,
    )


def catalogue(
    *editions: Edition, now: datetime = MARCH + timedelta(days=2), mode: Mode = Mode.ACTUAL
) -> Catalogue:
    """What is published at an instant, newest first."""
    newest_first = sorted(editions, key=lambda found: found.published_at, reverse=True)
    return Catalogue(tuple(newest_first), registers(), BASE_URL, "Univoque", mode, "fr", now)
