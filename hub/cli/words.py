"""words: what the phrase bank, the lexicon, the wording and the grammar still lack, per language."""

from typing import Annotated

import typer

from channels.substitutes import by_replacement
from hub import register
from hub.cli.printing import out, page, print_json, table
from hub.cli.sms import shown
from hub.cli.wiring import JsonOption
from hub.context import faults_of_reader
from hub.errors import WrongUse
from hub.model.directive import Language
from hub.render import wording
from hub.render.missing import Missing, all_of, missing, unused
from hub.render.misspelt import misspelt
from hub.site import words as site


def add_to(app: typer.Typer) -> None:
    app.command()(words)


def words(
    language: Annotated[str | None, typer.Option(help="Only this language.")] = None,
    sms: Annotated[
        bool, typer.Option("--sms", help="Show instead which characters stand in for which in an SMS.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List words missing or misspelt, per language and file: docs/write-templates.md. Exit code 1 if any is."""
    loaded = wording.load()
    chosen = _chosen(language, all_of(loaded))
    if sms:
        _substitutes(json=json)
        return
    registers = register.load(languages=all_of(loaded))
    lacking = [
        *missing(loaded, registers, chosen),
        *_unread(chosen),
        *_unfit_for_site(chosen),
        *misspelt(loaded, registers, [known for known in chosen if known in loaded.languages]),
    ]
    optional = list(unused(loaded, chosen))
    if json:
        print_json({"missing": _json(lacking), "optional": _json(optional)})
    else:
        _print(lacking, optional, chosen)
    raise typer.Exit(1 if lacking else 0)


def _chosen(language: str | None, begun: tuple[Language, ...]) -> tuple[Language, ...]:
    chosen = tuple(known for known in begun if language in (None, known))
    if not chosen:
        raise WrongUse(f"--language {language}: no file of it is in templates/; there are {', '.join(begun)}")
    return chosen


def _unread(languages: tuple[Language, ...]) -> list[Missing]:
    """What keeps the reader from languages, so that nobody could read their messages back."""
    return [
        Missing(language, "reader", f"hub/reread/data/{language}.toml", fault)
        for language in languages
        for fault in faults_of_reader(language)
    ]


def _unfit_for_site(languages: tuple[Language, ...]) -> list[Missing]:
    """Faults of the site's own words; a language without any is one that the site does not speak."""
    return [
        Missing(language, "site", f"site/{language}.toml", fault)
        for language in languages
        if site.speaks(language)
        for fault in site.faults_of(language)
    ]


def _substitutes(*, json: bool) -> None:
    rows = by_replacement()
    if json:
        print_json({"substitutes": [{"new": new, "old": olds} for new, olds in rows.items()]})
        return
    table("In the SMS", "For", rows=[(shown(new), ", ".join(map(shown, olds))) for new, olds in rows.items()])


def _json(found: list[Missing]) -> list[dict[str, str]]:
    return [dict(each._asdict()) for each in found]


def _print(lacking: list[Missing], optional: list[Missing], languages: tuple[Language, ...]) -> None:
    """By language and file, so that one file at a time can be mended."""
    console = page()
    for language in languages:
        files: dict[str, list[str]] = {}
        for each in lacking:
            if each.language == language:
                files.setdefault(each.where, []).append(each.what)
        out.print(f"{language}: {sum(map(len, files.values()))} missing or misspelt", style="bold")
        for where, what in files.items():
            console.print(f"  {where if where.startswith('hub/') else f'templates/{where}'}")
            for each_what in what:
                console.print(f"    {each_what}")
        may = ", ".join(each.what for each in optional if each.language == language)
        if may:
            console.print(f"  grammar of other languages that {language} does without: {may}", style="dim")
