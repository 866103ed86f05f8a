"""Where an act stands on its page: what holds after all acts, not what one relation says."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.intake import file
from hub.model.directive import Directive, Relation, RelationType
from hub.model.review import Kind
from hub.now import midnight, parse_instant
from hub.site.catalogue import Catalogue, Edition
from hub.site.state import State, changes_at, state
from hub.site.views import Teller
from hub.site.words import words
from tests import a
from tests.hub.site.sheets import EVERYBODY, VISITS, catalogue, edition, extension, registers

BAN, LONGER, FEDERAL, COMMUNE, PROVINCE, REOPENING = (
    "wal-visites-2020-03-11",
    "wal-visites-2020-04-01",
    "be-visites-2020-04-15",
    "peruwelz-visites-2020-04-16",
    "namur-visites-2020-04-17",
    "wal-visites-2020-04-28",
)
ACTS: Mapping[str, Directive] = {
    act.id: act for act in file.read(a.DIRECTIVES / "a-visits.toml", registers()).directives
}


def shelved(*acts: Directive, now: str) -> Catalogue:
    """The acts that are published by then, each on its day of issue or, without one, when it begins."""
    at = parse_instant(now)
    published = {act.id: midnight(act.issued) if act.issued else act.effective_from for act in acts}
    known = [act for act in acts if (day := published[act.id]) is not None and day <= at]
    editions = [edition(act, act.id, at=published[act.id] or at, others=known) for act in known]
    return catalogue(*editions, now=at)


def stands(id_: str, *acts: Directive, now: str) -> tuple[str, datetime | None, str | None]:
    """The state, its instant, and the act behind it."""
    found = shelved(*acts, now=now)
    known = state(found.by_id[id_], found)
    return known.name, known.at, known.by.directive.id if known.by else None


@pytest.mark.parametrize(
    ("id_", "now", "name", "at", "by"),
    [
        (BAN, "2020-03-10T20:00", "coming", "2020-03-11", None),
        (BAN, "2020-03-15", "in_force", "2020-04-01", None),
        (BAN, "2020-04-10", "extended", None, LONGER),
        (BAN, "2020-04-27T23:59", "extended", None, LONGER),
        (BAN, "2020-04-28", "replaced", "2020-04-28", REOPENING),
        (BAN, "2020-06-01", "replaced", "2020-04-28", REOPENING),
        (LONGER, "2020-04-10", "in_force", None, None),
        (LONGER, "2020-04-28", "replaced", "2020-04-28", REOPENING),
        (FEDERAL, "2020-04-16", "announced", None, None),
        (FEDERAL, "2020-05-01", "announced", None, None),
        (COMMUNE, "2020-04-16", "in_force", None, None),
        (PROVINCE, "2020-04-17T12:00", "coming", "2020-04-18", None),
        (PROVINCE, "2020-04-19", "in_force", "2020-04-20", None),
        (PROVINCE, "2020-04-20", "expired", "2020-04-20", None),
        (REOPENING, "2020-04-28", "in_force", None, None),
        (REOPENING, "2020-06-01", "in_force", None, None),
    ],
)
def test_the_acts_on_visits_stand_as_they_held(
    id_: str, now: str, name: str, at: str | None, by: str | None
) -> None:
    found = stands(id_, *ACTS.values(), now=now)

    assert found == (name, parse_instant(at) if at else None, by)


def test_a_ban_whose_extension_was_replaced_is_not_shown_as_in_force() -> None:
    found = shelved(*ACTS.values(), now="2020-05-01")

    shown = Teller(found, words("fr")).state(found.by_id[BAN])

    assert (shown.tag, shown.ended) == ("Remplacée", True)
    assert shown.by is not None
    assert shown.by.href == f"/d/{REOPENING}"


def test_an_extension_that_is_about_to_be_replaced_says_until_when() -> None:
    early = replace(ACTS[REOPENING], issued=parse_instant("2020-04-25").date())

    found = stands(BAN, *{**ACTS, REOPENING: early}.values(), now="2020-04-26")

    assert found == ("extended", parse_instant("2020-04-28"), LONGER)


@pytest.mark.parametrize(
    ("relation", "name"),
    [("replaces", "replaced"), ("repeals", "repealed"), ("annuls", "annulled"), ("suspends", "suspended")],
)
def test_an_extension_without_rules_of_its_own_ends_with_what_ends_it(
    relation: RelationType, name: str
) -> None:
    end = replace(EVERYBODY, id="fin", issued=None, effective_from=parse_instant("2020-04-10"))
    end = replace(end, relations=(Relation(relation, target="wal-prolongation"),))

    found = [stands(VISITS.id, VISITS, extension(), end, now=now) for now in ("2020-04-09", "2020-04-11")]

    assert found == [
        ("extended", parse_instant("2020-05-01"), "wal-prolongation"),
        (name, parse_instant("2020-04-10"), "fin"),
    ]


def test_an_extension_of_what_is_repealed_holds_no_more() -> None:
    end = replace(EVERYBODY, id="fin", issued=None, effective_from=parse_instant("2020-04-10"))
    end = replace(end, relations=(Relation("repeals", target=VISITS.id),))

    found = stands("wal-prolongation", VISITS, extension(), end, now="2020-04-11")

    assert found == ("repealed", parse_instant("2020-04-10"), "fin")


def test_a_chain_of_extensions_names_the_one_that_gives_the_end() -> None:
    second = extension(
        of="wal-prolongation",
        id="encore",
        issued=parse_instant("2020-04-28").date(),
        effective_from=parse_instant("2020-05-01"),
        effective_to=parse_instant("2020-06-01"),
    )

    found = [
        stands(VISITS.id, VISITS, extension(), second, now=now)
        for now in ("2020-04-05", "2020-05-05", "2020-06-01")
    ]

    assert found == [
        ("extended", parse_instant("2020-05-01"), "wal-prolongation"),
        ("extended", parse_instant("2020-06-01"), "encore"),
        ("expired", parse_instant("2020-06-01"), "encore"),
    ]


def test_what_had_ended_by_itself_was_not_replaced_later_but_may_be_annulled() -> None:
    later = replace(EVERYBODY, id="fin", issued=None, effective_from=parse_instant("2020-04-10"))
    replacing, annulling = (
        replace(later, relations=(Relation(relation, target=VISITS.id),))
        for relation in ("replaces", "annuls")
    )

    found = [stands(VISITS.id, VISITS, act, now="2020-04-11")[0] for act in (replacing, annulling)]

    assert found == ["expired", "annulled"]


def test_an_act_whose_every_rule_was_ended_one_by_one_is_over() -> None:
    (rule,) = VISITS.measures
    two = replace(VISITS, measures=(rule, replace(rule, id="m2", topic="outings")))
    later = replace(EVERYBODY, id="fin", issued=None, effective_from=parse_instant("2020-03-20"))
    one_by_one = tuple(Relation("repeals", target=VISITS.id, target_measure=id_) for id_ in ("m1", "m2"))

    found = [
        stands(VISITS.id, two, replace(later, relations=relations), now="2020-03-21")[0]
        for relations in (one_by_one[:1], one_by_one)
    ]

    assert found == ["in_force", "repealed"]


@pytest.mark.parametrize(("kind", "name"), [(Kind.CANCEL, "extended"), (Kind.ALL_CLEAR, "replaced")])
def test_what_a_cancelled_act_had_ended_holds_again(kind: Kind, name: str) -> None:
    at = parse_instant("2020-05-05T12:00")
    acts = [ACTS[BAN], ACTS[LONGER]]
    taken = edition(
        replace(ACTS[REOPENING], effective_to=parse_instant("2020-05-06")), REOPENING, at=at, kind=kind
    )
    found = catalogue(*(edition(act, act.id) for act in acts), taken, now=at + timedelta(days=2))

    assert state(found.by_id[BAN], found).name == name


def test_pages_are_made_anew_when_an_act_ends_another_and_when_a_rule_ends() -> None:
    early = replace(ACTS[REOPENING], issued=parse_instant("2020-04-17").date())
    found = shelved(*{**ACTS, REOPENING: early}.values(), now="2020-04-17T12:00")

    moments = []
    while (due := changes_at(found)) is not None:
        moments.append(due)
        found = replace_now(found, due)

    assert moments == [parse_instant(day) for day in ("2020-04-18", "2020-04-20", "2020-04-28")]


def replace_now(found: Catalogue, now: datetime) -> Catalogue:
    editions: tuple[Edition, ...] = found.editions
    return catalogue(*editions, now=now)


def test_an_all_clear_ends_what_it_ruled_on_the_day_that_it_names() -> None:
    at = parse_instant("2020-03-20T12:00")
    cleared = edition(VISITS, kind=Kind.ALL_CLEAR, at=at)
    around = catalogue(cleared, now=at)

    assert state(cleared, around) == State("ending", VISITS.effective_to)
    assert around.lives[VISITS.id].holds(at)
