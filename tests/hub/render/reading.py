"""What every reader of a real directive is sent, in one language, and how it is held against its golden file."""

from pathlib import Path

from hub.model.directive import AUDIENCES, Language
from hub.model.message import CHANNELS, Message, Variant
from hub.render import Sheet, cells, render
from hub.render.frame import compose
from tests import a

GOLDEN = Path(__file__).parent / "golden"
REAL = a.real()
ONE_PER_SCENARIO = {
    "a": "wal-visites-2020-03-11",
    "b": "be-am-2020-03-13-err",
    "c": "wal-isp-2020-04-20",
    "d": "wal-mesures-2020-10-23",
    "e": "fwb-sport-2020-10-23",
    "f": "be-masques-2021-12-03",
    "h": "be-ce-2021-12-28",
    "k": "vivalia-2022-05-17",
    "n": "demo-delestage-2026-01-14",
    "o": "wal-1718-2020-04-01",
}


def sheet(directive: str) -> Sheet:
    """A real directive among all the others."""
    others = {id_: act for id_, act in REAL.items() if id_ != directive}
    return Sheet(REAL[directive], a.REGISTER, a.WORDING, others)


def messages(directive: str, language: Language = "fr") -> dict[Variant, Message]:
    """All its messages; no reader is left out and no words are lacking."""
    rendering = render(sheet(directive), (language,))
    assert rendering.lacking == ()
    assert {(v.sector, v.audience) for v in rendering.blocks} == set(cells(sheet(directive)))
    return {variant: compose([block], a.frame()) for variant, block in rendering.blocks.items()}


def written(directive: str, language: Language = "fr") -> str:
    """Per audience, all channels of the sector that is told most."""
    rendered = messages(directive, language)
    parts = []
    for audience in AUDIENCES:
        emails = {v.sector: m for v, m in rendered.items() if (v.audience, v.channel) == (audience, "email")}
        if not emails:
            continue
        sector = max(emails, key=lambda sector: len(emails[sector].text))
        for channel in CHANNELS:
            variant = Variant(sector, audience, channel, language)
            message = rendered[variant]
            parts.append(f"=== {' '.join(variant)}\n{message.subject}\n\n{message.text}\n")
    return "\n".join(parts)


def held_against(golden: Path, text: str, *, renew: bool) -> str:
    """The text of the golden file, which is written anew on demand; the change is then read in review."""
    if renew:
        golden.write_text(text, encoding="utf-8")
    return golden.read_text(encoding="utf-8")
