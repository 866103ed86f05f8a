"""Write docs/one-directive.md, one act as its readers and its editor see it: `python -m scripts.one_directive`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from channels import gsm
from hub import gate, register
from hub.config import load
from hub.gate import Case
from hub.gate.conflict import CONTRADICTION
from hub.gate.coverage import matrix
from hub.intake import file
from hub.model.coverage import State
from hub.model.directive import AUDIENCES, LANGUAGES, Directive, Language
from hub.model.message import Variant
from hub.model.review import Finding
from hub.now import BRUSSELS
from hub.render import Sheet, wording
from hub.render.frame import frame_of

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "one-directive.md"
ACTS = ROOT / "hub" / "demo" / "data" / "a-visits.toml"

ACT, HOME = "wal-visites-2020-03-11", "elderly.residential"
RIVAL, WHEN = "be-visites-2020-04-15", datetime(2020, 4, 17, tzinfo=BRUSSELS)
READERS = {
    "direction": "the director of a home",
    "staff": "a nurse",
    "beneficiary": "a resident",
    "family": "a daughter",
    "citizen": "anybody else",
}
NAMES: dict[Language, str] = {"fr": "French", "de": "German", "nl": "Dutch", "en": "English"}

HEAD = """# One directive

Written by `python -m scripts.one_directive`; a test holds this page to the code.
The act is real (Wallonia, 10 March 2020): from the next day on, visits in care homes are forbidden.
Everything below is rendered from its sheet, in exercise mode.
The act itself spoke to four audiences; citizens are added here to show all five.

## The facts of one measure

| fact | value |
| --- | --- |
"""


def document() -> str:
    """The page."""
    acts = {act.id: act for act in file.read(ACTS, REGISTER).directives}
    own = acts[ACT]
    act = replace(
        own,
        audiences=AUDIENCES,
        measures=own.measures[:1],
        coverage=tuple(decision for decision in own.coverage if not set(decision.sectors) & set(own.sectors)),
    )
    case = _case(act, {})
    return "".join([HEAD, *_facts(act), *_readers(case), *_sms(case), *_coverage(case), *_conflict(acts)])


REGISTER, WORDING = register.load(), wording.load()
CONFIG = load(environ={"UNIVOQUE__SERVICE__BASE_URL": "https://directives.example"})


def _case(act: Directive, others: dict[str, Directive], at: datetime | None = None) -> Case:
    sheet = Sheet(act, REGISTER, WORDING, others)
    return gate.open_case(sheet, frame_of(act, CONFIG, WORDING, REGISTER), languages=LANGUAGES, at=at)


def _facts(act: Directive) -> Iterator[str]:
    (measure,) = act.measures
    assert act.effective_from is not None
    assert act.effective_to is not None
    rows = {
        "topic, modality, actor": f"`{measure.topic}`, `{measure.modality}`, `{measure.actor}`",
        "validity": f"from `{act.effective_from.isoformat()}` to `{act.effective_to.isoformat()}`, the end excluded",
        "territory": ", ".join(f"`{place}`" for place in act.territory),
        "exceptions": "; ".join(text["en"] for text in measure.exceptions),
        "contact": f"{act.contacts[0].label['en']}, {act.contacts[0].phone}",
    }
    yield from (f"| {name} | {value} |\n" for name, value in rows.items())


def _readers(case: Case) -> Iterator[str]:
    yield "\n## Five audiences, four languages\n\nThe rule in the e-mail of each; the lines around it are left out.\n"
    for audience in AUDIENCES:
        yield f"\n### To {READERS[audience]}\n\n"
        for language in LANGUAGES:
            found = case.rendering.blocks[Variant(HOME, audience, "email", language)]
            lines = [line.text for paragraph in found.paragraphs for line in paragraph.lines]
            yield f"- {NAMES[language]}: {' '.join(lines)}\n"


def _sms(case: Case) -> Iterator[str]:
    yield "\n## The SMS to the family\n\n"
    yield "Two segments are the budget; what does not fit is said to be behind the link, and never cut.\n\n"
    yield "| language | text | characters | segments | cost |\n| --- | --- | --- | --- | --- |\n"
    for language in LANGUAGES:
        message = case.messages[Variant(HOME, "family", "sms", language)]
        length = gsm.measure(message.text)
        cost = length.cost(CONFIG.sms.cost_per_segment)
        yield (
            f"| {NAMES[language]} | {message.text} | {length.units} in {length.encoding} | {length.segments} "
            f"| {cost:.3f} EUR |\n"
        )
    replaced = {
        (each.old, each.new)
        for variant, message in case.messages.items()
        if variant.channel == "sms"
        for each in message.replaced
    }
    if replaced:
        pairs = ", ".join(f"{old} → {new}" for old, new in sorted(replaced))
        yield f"\nLetters that the SMS alphabet lacks are written otherwise, and the editor sees which: {pairs}.\n"


def _coverage(case: Case) -> Iterator[str]:
    yield "\n## Who is told\n\nEach sector × audience has a message or a decision with its reason.\n"
    yield "An open cell of an expected sector blocks.\n\n"
    yield f"| sector | {' | '.join(AUDIENCES)} |\n|{' --- |' * (len(AUDIENCES) + 1)}\n"
    rows: dict[str, list[State]] = {}
    reasons: dict[str, list[str]] = {}
    for cell in matrix(case):
        rows.setdefault(cell.hat.sector, []).append(cell.state)
        if cell.reason:
            reasons.setdefault(f"{cell.reason['en']} ({cell.by})", []).append(cell.hat.sector)
    alike: dict[tuple[State, ...], list[str]] = {}
    for sector, states in rows.items():
        alike.setdefault(tuple(states), []).append(sector)
    for shared, sectors in alike.items():
        yield f"| {', '.join(sectors)} | {' | '.join(state.value.replace('_', ' ') for state in shared)} |\n"
    for reason, sectors in reasons.items():
        yield f"\nNot concerned, because: {reason}: {', '.join(dict.fromkeys(sectors))}.\n"


def _conflict(acts: dict[str, Directive]) -> Iterator[str]:
    """What the gate says of the interfederal announcement of 15 April while the ban still holds."""
    others = {id_: act for id_, act in acts.items() if id_ != RIVAL and _issued(act) <= "2020-04-15"}
    findings = [f for f in gate.examine(_case(acts[RIVAL], others, WHEN)) if f.code == CONTRADICTION]
    yield "\n## A contradiction, as the editor sees it\n\n"
    yield "Five weeks later another level of government announces that visits are permitted.\n"
    yield "In the service's first language, here French:\n\n```\n"
    yield from map(_told, findings)
    yield "```\n\nNobody's level decides: a person explains and signs.\n"
    yield "The explanation reaches directors and the permanent page.\n"


def _told(finding: Finding) -> str:
    return (
        f"{finding.code} {finding.level.value}  {finding.directive} {finding.where}\n"
        f"    {finding.text}\n    → {finding.remedy}\n"
    )


def _issued(act: Directive) -> str:
    return (act.issued or act.effective_from or WHEN).strftime("%Y-%m-%d")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
