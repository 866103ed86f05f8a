"""What it costs to trace every fact, to read every text back, and to look for conflicts: as ratios within one run.

The bare side renders the very same words with Jinja alone: a template per sentence with its values filled in, in
the same frames. Both sides take turns; the best of the rounds counts. `--json` prints one JSON document.
"""

import argparse
import cProfile
import json
import pstats
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from jinja2 import Template  # noqa: E402 - the path comes first

from hub import gate, register  # noqa: E402
from hub.facts.trace import CLOSE, IS, OPEN, bare, retrace  # noqa: E402
from hub.gate import consistency, markup  # noqa: E402
from hub.gate.conflict import meetings  # noqa: E402
from hub.model.directive import AUDIENCES, LANGUAGES, Contact, Directive, Measure, Quantity, Text  # noqa: E402
from hub.model.message import CHANNELS, Block, Line, Message, Variant  # noqa: E402
from hub.model.review import Mode  # noqa: E402
from hub.render import Sheet, block, cells, render, wording  # noqa: E402
from hub.render.frame import Frame, compose, frame_values  # noqa: E402

REGISTER, WORDING = register.load(), wording.load()
FRAME = Frame(WORDING, REGISTER, "K7QX2M", "https://univoque.example/d/K7QX2M", Mode.ACTUAL)
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often the two sides take turns")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args()
    found = {**_rendering(chosen.rounds), **_conflicts(chosen.rounds)}
    if chosen.json:
        print(json.dumps(found))
        return
    for key, value in found.items():
        if key != "largest_costs":
            print(f"{key:44} {value:>12,}")
    print("the three largest costs of tracing and reading back:")
    for line in found["largest_costs"]:
        print(f"  {line}")


def directive() -> Directive:
    """Six measures, with numbers, ages, hours, exceptions and conditions, for every sector and audience."""
    return Directive(
        id="bench",
        issuer="wal-gov",
        act_type="arrete-gouvernement",
        title=_text("Mesures", "Maßnahmen", "Maatregelen", "Measures"),
        urgency="Immediate",
        territory=("WAL-FR",),
        sectors=tuple(REGISTER.sectors),
        audiences=AUDIENCES,
        measures=tuple(_measures()),
        issued=date(2026, 3, 9),
        effective_from=datetime(2026, 3, 10, 5, tzinfo=UTC),
        effective_to=datetime(2026, 4, 10, 22, tzinfo=UTC),
        contacts=(Contact("appel", _text("Centre", "Zentrum", "Centrum", "Centre"), phone="0800 14 689"),),
    )


def _measures() -> list[Measure]:
    spared = (_text("fin de vie", "Lebensende", "levenseinde", "end of life"),)
    always = (_text("la même personne", "dieselbe Person", "dezelfde persoon", "the same person"),)
    groups = _text("les activités", "die Aktivitäten", "de activiteiten", "the activities")
    rows: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        (
            "visits",
            "permitted",
            "direction",
            {"quantity": Quantity("<=", 2, "personne"), "conditions": always},
        ),
        ("outings", "forbidden", "beneficiary", {"exceptions": spared}),
        ("masks", "required", "citizen", {"quantity": Quantity(">=", 12, "an")}),
        ("activities", "forbidden", "direction", {"label": {"subject": groups}, "exceptions": spared}),
        ("isolation", "required", "citizen", {"quantity": Quantity("=", 10, "jour")}),
        ("cohorting", "required", "direction", {"quantity": Quantity("<=", 8, "personne")}),
    )
    verb = _text("organiser", "organisieren", "organiseren", "organise")
    return [
        Measure(f"m{n}", topic, modality, actor, verb, groups, **more)  # type: ignore[arg-type]
        for n, (topic, modality, actor, more) in enumerate(rows, start=1)
    ]


def _text(*words: str) -> Text:
    return dict(zip(LANGUAGES, words, strict=True))


# --- rendering ------------------------------------------------------------------------------------------------


def _rendering(rounds: int) -> dict[str, Any]:
    sheet = Sheet(directive(), REGISTER, WORDING, {})
    plain = {variant: Plain.of(found) for variant, found in render(sheet, LANGUAGES).blocks.items()}
    ours, theirs = _turns(rounds, lambda: _all(sheet), lambda: [text.render() for text in plain.values()])
    alone = {variant: _alone(sheet, variant, plain[variant], rounds) for variant in _samples(plain)}
    profile = cProfile.Profile()
    profile.runcall(_all, sheet)
    return {
        "messages": len(plain),
        "all_traced_and_read_back_ms": round(ours * 1000, 1),
        "all_bare_jinja_ms": round(theirs * 1000, 1),
        "all_ratio": round(ours / theirs, 2),
        "one_variant_ratio": round(_over(alone), 2),
        **{f"one_{channel}_ratio": round(_over(alone, channel), 2) for channel in CHANNELS},
        "largest_costs": _largest(profile),
    }


def _all(sheet: Sheet) -> dict[Variant, Message]:
    """Every message of the directive, traced, composed, read back; as the gate does it."""
    rendering = render(sheet, LANGUAGES)
    messages = {variant: compose([found], FRAME) for variant, found in rendering.blocks.items()}
    case = gate.Case(sheet, FRAME, rendering, messages, cells(sheet), LANGUAGES, AT, FRAME.mode, FRAME.kind)
    for check in (consistency.read_back, consistency.same_facts, markup.same_as_text):
        for finding in check(case):
            raise SystemExit(f"{finding.where}: {finding.text}")
    return messages


def _over(alone: Mapping[Variant, tuple[float, float]], channel: str | None = None) -> float:
    """The ratio over variants that were each done alone; of one channel where one is named."""
    chosen = [times for variant, times in alone.items() if channel in (None, variant.channel)]
    return sum(own for own, _ in chosen) / sum(theirs for _, theirs in chosen)


def _alone(sheet: Sheet, variant: Variant, plain: "Plain", rounds: int) -> tuple[float, float]:
    """The time of one variant by itself, with nothing read before, and of its bare words."""

    def ours() -> None:
        found = block(sheet, variant)
        assert found is not None
        message = compose([found], FRAME)
        reader = consistency.Reader(known, links, allowed)
        if [*reader.slips(message), *(markup.differences(message, known) if message.html else ())]:
            raise SystemExit(f"{variant} does not read back")

    case = gate.open_case(sheet, FRAME, languages=(variant.language,), at=AT)
    whole = consistency.reader_of(case)
    known, links, allowed = whole.known, whole.links, whole.allowed
    return _turns(rounds * 20, ours, plain.render)


def _samples(plain: Mapping[Variant, "Plain"]) -> list[Variant]:
    """One of each audience, channel and language."""
    return list(
        {variant[1:]: variant for variant in plain if variant.sector == "elderly.residential"}.values()
    )


@dataclass(frozen=True, slots=True)
class Plain:
    """The words of one variant as bare templates: a template and its values per sentence, and the frames."""

    sentences: tuple[tuple[Template, dict[str, str]], ...]
    frames: tuple[Template, ...]
    values: dict[str, Any]

    @classmethod
    def of(cls, found: Block) -> "Plain":
        variant = found.variant
        if variant.channel == "sms":
            message = compose([found], FRAME)
            text = retrace(Line("sms", message.text, message.spans))
            return cls(tuple(map(_template, re.split(r"(?<=[.:]) ", text))), (), {})
        values = frame_values([found], FRAME)
        jinja = WORDING.jinja
        frames = tuple(
            jinja.get_template(f"messages/{variant.channel}.{kind}.j2") for kind in ("txt", "html")
        )
        return cls(tuple(_template(text) for text in _texts(values)), frames, _bared(values))

    def render(self) -> list[str]:
        texts = [template.render(values) for template, values in self.sentences]
        return [*texts, *(frame.render(self.values) for frame in self.frames)]


_LEAF = re.compile(f"{OPEN}[^{IS}]*{IS}([^{OPEN}{CLOSE}]*){CLOSE}")


def _template(text: str) -> tuple[Template, dict[str, str]]:
    """A traced sentence as a template with a variable for each innermost fact."""
    values: dict[str, str] = {}

    def variable(match: re.Match[str]) -> str:
        values[f"f{len(values)}"] = match[1]
        return f"{{{{ f{len(values) - 1} }}}}"

    return WORDING.jinja.from_string(bare(_LEAF.sub(variable, text))), values


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if OPEN in value else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in _texts(each)]


def _bared(value: Any) -> Any:
    if isinstance(value, str):
        return bare(value)
    if isinstance(value, list):
        return [_bared(each) for each in value]
    return {key: _bared(each) for key, each in value.items()} if isinstance(value, dict) else value


# --- conflicts ------------------------------------------------------------------------------------------------


def _conflicts(rounds: int) -> dict[str, Any]:
    """The same directive against 1,000 and against 10,000 measures in force."""
    few, many = (_against(number) for number in (1_000, 10_000))
    checked = _turns(rounds, lambda: _check(few), lambda: _check(many))
    searched = _turns(rounds, lambda: list(meetings(few, AT)), lambda: list(meetings(many, AT)))
    return {
        "check_against_1000_ms": round(checked[0] * 1000, 1),
        "check_against_10000_ms": round(checked[1] * 1000, 1),
        "check_ratio": round(checked[1] / checked[0], 2),
        "conflict_search_alone_ratio": round(searched[1] / searched[0], 2),
    }


def _check(sheet: Sheet) -> None:
    """All that the gate does for one directive, in one language."""
    gate.examine(gate.open_case(sheet, FRAME, languages=("fr",), at=AT))


def _against(number: int) -> Sheet:
    """Acts of one measure each, over all topics that compare, in the same place and time."""
    act = replace(directive(), sectors=("elderly.residential",))
    topics = [topic.id for topic in REGISTER.topics.values() if topic.value != "text"]
    others = {}
    for n in range(number):
        measure = replace(
            act.measures[0], topic=topics[n % len(topics)], modality="recommended", quantity=None
        )
        day = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n % 1000)
        others[f"act-{n}"] = replace(
            act,
            id=f"act-{n}",
            measures=(measure,),
            effective_from=day,
            effective_to=None,
            sectors=("culture", "general"),
        )
    return Sheet(act, REGISTER, WORDING, others)


# --- timing ---------------------------------------------------------------------------------------------------


def _turns(rounds: int, one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """The best time of each, taking turns, in seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, found in zip((one, other), times, strict=True):
            start = time.perf_counter()
            work()
            found.append(time.perf_counter() - start)
    return min(times[0]), min(times[1])


def _largest(profile: cProfile.Profile) -> list[str]:
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(row[2] for row in stats.values())
    ranked = sorted(stats.items(), key=lambda item: -item[1][2])[:3]
    return [f"{row[2] / total:5.1%}  {_where(place)}" for place, row in ranked]


def _where(place: tuple[str, int, str]) -> str:
    file, _, name = place
    path = Path(file)
    return f"{path.relative_to(ROOT)}:{name}" if path.is_relative_to(ROOT) else f"{path.name}:{name}"


if __name__ == "__main__":
    main()
