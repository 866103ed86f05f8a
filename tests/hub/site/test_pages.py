"""The public pages: well-formed, in French, and complete without a script."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise

import html5lib
import pytest
from lxml import etree, html

from hub.model.directive import Directive, Quantity, Relation
from hub.model.message import Hat
from hub.model.review import Kind, Mode, Stage
from hub.now import parse_instant
from hub.site.catalogue import Catalogue, Past
from hub.site.pages import Press, pages
from hub.site.words import words
from tests.hub.site.sheets import EVERYBODY, MARCH, VISITS, catalogue, edition, extension

FR = words("fr")
SHORTER = replace(VISITS, effective_to=parse_instant("2020-03-25"))


@cache
def full() -> Catalogue:
    """A corrected act, its extension, and one for everybody."""
    corrected = edition(
        VISITS,
        "VISITS",
        at=MARCH + timedelta(hours=2),
        before=[Past(1, Kind.NEW, MARCH, SHORTER)],
        kind=Kind.CORRECTION,
    )
    longer = edition(extension(), "LONGER", at=parse_instant("2020-03-30T12:00"), others=[VISITS])
    everybody = edition(EVERYBODY, "CURFEW", mode=Mode.EXERCISE)
    return catalogue(corrected, longer, everybody)


@cache
def all_pages() -> dict[str, bytes]:
    return dict(pages(full(), FR))


SAMPLES = (
    "index.html",
    "archives/index.html",
    "a-propos/index.html",
    "flux/index.html",
    "secteur/elderly.residential/index.html",
    "secteur/elderly.residential/family/index.html",
    "secteur/culture/staff/index.html",
    "d/VISITS/index.html",
    "d/VISITS/elderly.residential/family/index.html",
    "d/LONGER/index.html",
    "d/CURFEW/index.html",
    "d/CURFEW/culture/citizen/index.html",
)


def tree(path: str) -> html.HtmlElement:
    return html.fromstring(all_pages()[path].decode())


def said(node: etree._Element) -> str:
    return " ".join(str(text) for text in node.itertext()).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("path", SAMPLES)
def test_a_page_is_html_without_a_single_fault(path: str) -> None:
    parser = html5lib.HTMLParser(strict=True)

    parser.parse(all_pages()[path])


def test_every_page_that_is_linked_exists() -> None:
    linked = {
        link
        for content in all_pages().values()
        for link in re.findall(r'href="(/[^"#]*)"', content.decode())
        if not link.startswith(("/static/", "/feeds/"))
    }

    missing = {link for link in linked if f"{link.strip('/')}/index.html".lstrip("/") not in all_pages()}
    assert missing == set()


@pytest.mark.parametrize("path", SAMPLES)
def test_a_page_can_be_found_ones_way_through(path: str) -> None:
    page = tree(path)

    assert page.get("lang") == "fr"
    assert len(page.xpath("//h1")) == 1
    assert len(page.xpath("//main[@id='contenu']")) == 1
    for landmark in ("//header", "//footer", "//nav"):
        assert page.xpath(landmark), landmark
    assert page.xpath("//a[contains(@class, 'govuk-skip-link')]/@href") == ["#contenu"]
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    for label in page.xpath("//@aria-labelledby"):
        assert label in ids
    levels = [int(heading.tag[1]) for heading in page.xpath("//h1|//h2|//h3|//h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", SAMPLES)
def test_every_link_says_where_it_leads_and_every_cell_has_its_heading(path: str) -> None:
    page = tree(path)

    for link in page.xpath("//a"):
        assert said(link).strip() or link.xpath(".//@aria-label"), html.tostring(link)
    for heading in page.xpath("//th"):
        assert heading.get("scope") in ("row", "col")


@pytest.mark.parametrize("path", SAMPLES)
def test_a_page_needs_no_script_no_style_attribute_and_no_other_site(path: str) -> None:
    page = tree(path)

    assert not page.xpath("//script | //style | //@style | //iframe | //form")
    assert not [name for node in page.iter() for name in node.attrib if str(name).startswith("on")]
    for address in page.xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //img/@src"):
        assert str(address).startswith("/static/")


@pytest.mark.parametrize("path", SAMPLES)
def test_feeds_are_announced(path: str) -> None:
    page = tree(path)

    offered = dict(
        page.xpath("//link[@rel='alternate']")
        and [(link.get("href"), link.get("type")) for link in page.xpath("//link[@rel='alternate']")]
    )
    assert offered["/feeds/all.atom"] == "application/atom+xml"
    assert offered["/feeds/all.rss"] == "application/rss+xml"
    assert offered["/feeds/all.json"] == "application/feed+json"
    if path.startswith("d/VISITS"):
        assert "/feeds/elderly.residential/family.atom" in offered


def test_words_from_a_sheet_are_text_never_markup() -> None:
    page = tree("d/VISITS/index.html")

    (heading,) = page.xpath("//h1")
    assert said(heading) == VISITS.title["fr"]
    assert not len(heading)


def test_the_home_page_shows_the_newest_first() -> None:
    titles = [said(title) for title in tree("index.html").xpath("//article//h3")]

    assert titles[0] == "Prolongation des visites interdites"
    assert titles[-1] == "Couvre-feu pour tous"


def test_a_sector_page_lists_its_own_and_what_everybody_reads() -> None:
    culture = [
        str(link) for link in tree("secteur/culture/citizen/index.html").xpath("//article//h3/a/@href")
    ]
    family = [
        str(link)
        for link in tree("secteur/elderly.residential/family/index.html").xpath("//article//h3/a/@href")
    ]

    assert culture == ["/d/CURFEW/culture/citizen"]
    assert family == ["/d/LONGER/elderly.residential/family", "/d/VISITS/elderly.residential/family"]


def test_a_directives_page_leads_each_reader_to_their_text() -> None:
    links = {str(link) for link in tree("d/VISITS/index.html").xpath("//*[@class='u-choice']//a/@href")}

    assert links == {
        f"/d/VISITS/{sector}/{audience}"
        for sector in ("elderly.residential", "disability.residential")
        for audience in ("direction", "family")
    }


def test_a_readers_page_carries_the_approved_words_as_they_are() -> None:
    text = full().by_id[VISITS.id].texts[Hat("elderly.residential", "family")]

    page = all_pages()["d/VISITS/elderly.residential/family/index.html"].decode()

    assert text.html is not None
    assert text.html in page


def test_facts_are_a_table_and_an_unknown_one_is_said_to_be_so() -> None:
    rows = {
        said(row.xpath("./th")[0]).strip(): said(row.xpath("./td")[0]).strip()
        for row in tree("d/VISITS/index.html").xpath("//table[contains(@class, 'u-facts')]//tr")
    }

    assert rows["Référence de l'acte"] == "à confirmer"
    assert rows["Validité"] == "du mercredi 11 mars 2020 au mardi 31 mars 2020 inclus"
    assert rows["Territoire"] == "Région wallonne hors région de langue allemande"


def test_the_history_says_what_a_correction_changed() -> None:
    steps = [
        " ".join(said(step).split())
        for step in tree("d/VISITS/index.html").xpath("//ol[@class='u-history']/li")
    ]

    assert len(steps) == 2
    assert "Correction" in steps[0]
    assert (
        "Fin de validité : jusqu'au mardi 24 mars 2020 inclus → jusqu'au mardi 31 mars 2020 inclus"
        in steps[0]
    )
    assert "Première publication." in steps[1]


def test_relations_are_told_in_both_directions() -> None:
    older = " ".join(said(tree("d/VISITS/index.html").xpath("//ul[@class='u-bonds']")[0]).split())
    newer = " ".join(said(tree("d/LONGER/index.html").xpath("//ul[@class='u-bonds']")[0]).split())

    assert older.startswith("Prolongée par Prolongation des visites interdites")
    assert newer.startswith("Prolonge Visites interdites")
    assert tree("d/VISITS/index.html").xpath("//ul[@class='u-bonds']//a/@href") == ["/d/LONGER"]


def test_an_act_that_is_not_published_here_is_named_without_a_link() -> None:
    sheet = replace(VISITS, relations=(Relation("replaces", target_external="circulaire du ministère"),))

    page = html.fromstring(Press(catalogue(edition(sheet)), FR).directive(edition(sheet)).decode())

    (bonds,) = page.xpath("//ul[@class='u-bonds']")
    assert "circulaire du ministère" in said(bonds)
    assert not bonds.xpath(".//a")


def test_an_exercise_looks_like_one_on_every_page_of_it() -> None:
    for path in ("d/CURFEW/index.html", "d/CURFEW/culture/citizen/index.html"):
        page = tree(path)
        assert page.xpath("//section[@class='u-exercise']"), path
        assert said(page.xpath("//title")[0]).startswith("EXERCICE – ")
    assert not tree("d/VISITS/index.html").xpath("//section[@class='u-exercise']")
    assert "EXERCICE" in said(tree("index.html").xpath("//article[last()]")[-1])


def test_a_service_in_exercise_says_so_everywhere() -> None:
    for path, content in pages(catalogue(mode=Mode.EXERCISE), FR):
        assert b"u-exercise" in content, path


def test_readers_who_are_no_longer_addressed_learn_it() -> None:
    hat = Hat("sport", "staff")
    found = replace(edition(VISITS, "VISITS"), withdrawn=(hat,))

    page = dict(pages(catalogue(found), FR))["d/VISITS/sport/staff/index.html"].decode()

    assert "Ce texte ne s&#39;applique plus" in page
    assert 'href="/d/VISITS"' in page


def test_a_title_in_another_language_says_which() -> None:
    sheet: Directive = replace(VISITS, title={"de": "Besuche verboten"})
    published = replace(edition(VISITS), directive=sheet)

    page = html.fromstring(Press(catalogue(published), FR).home().decode())

    assert page.xpath("//article//h3//span/@lang") == ["de"]


@pytest.mark.parametrize(
    ("found", "now", "tag"),
    [
        (edition(VISITS), "2020-03-10T20:00", "À venir"),
        (edition(VISITS), "2020-03-31T23:59", "En vigueur"),
        (edition(VISITS), "2020-04-01T00:00", "Terminée"),
        (edition(VISITS, stage=Stage.CANCELLED), "2020-03-12", "Annulée"),
        (edition(VISITS, kind=Kind.ALL_CLEAR), "2020-03-12", "Prend fin"),
        (edition(VISITS, kind=Kind.ALL_CLEAR), "2020-04-01", "Fin d'alerte"),
        (edition(replace(VISITS, issuer="be-cns")), "2020-03-12", "Annoncée, pas encore un acte"),
        (edition(replace(VISITS, reported=True)), "2020-03-12", "Rapportée par la presse"),
    ],
)
def test_a_state_is_said_in_words(found: object, now: str, tag: str) -> None:
    at = parse_instant(now)

    page = html.fromstring(Press(catalogue(found, now=at), FR).archive().decode())  # type: ignore[arg-type]

    assert said(page.xpath("//td//strong")[-1]) == tag


@pytest.mark.parametrize(
    "kind", ["not_found", "forbidden", "unavailable", "too_large", "method", "bad_request"]
)
def test_an_error_page_is_a_page_too(kind: str) -> None:
    page = Press(catalogue(), FR).error(kind)

    html5lib.HTMLParser(strict=True).parse(page)
    assert b'content="noindex"' in page


def test_the_history_names_the_facts_of_a_rule_that_changed() -> None:
    (rule,) = VISITS.measures
    opened = replace(
        VISITS,
        measures=(
            replace(rule, modality="permitted", exceptions=(), quantity=Quantity("<=", 1, "personne")),
        ),
    )
    past = [Past(1, Kind.NEW, MARCH, VISITS)]
    published = edition(opened, at=MARCH + timedelta(hours=2), before=past, kind=Kind.UPDATE)

    page = html.fromstring(Press(catalogue(published), FR).directive(published).decode())

    changes = [" ".join(said(entry).split()) for entry in page.xpath("//ol[@class='u-history']/li[1]/ul/li")]
    assert changes == [
        "Visites, caractère : Interdit → Permis",
        "Visites, nombre : — → au plus 1 personne par bénéficiaire",
        "Visites, exceptions : modifié",
    ]


def test_a_date_that_every_rule_leaves_to_the_act_stands_once_in_the_history() -> None:
    past = [Past(1, Kind.NEW, MARCH, SHORTER)]
    published = edition(VISITS, before=past, kind=Kind.CORRECTION)

    page = html.fromstring(Press(catalogue(published), FR).directive(published).decode())

    assert len(page.xpath("//ol[@class='u-history']/li[1]/ul/li")) == 1


def test_the_rules_of_what_is_over_are_said_to_be_over() -> None:
    over, running = edition(VISITS, kind=Kind.CANCEL), edition(VISITS)

    pages = [Press(catalogue(found), FR).directive(found).decode() for found in (over, running)]

    assert ["Ces règles ne s&#39;appliquent plus." in page for page in pages] == [True, False]


def test_a_rule_names_its_columns_where_a_phone_shows_it_as_an_entry() -> None:
    page = html.fromstring(all_pages()["d/VISITS/index.html"])

    (table,) = page.xpath("//table[contains(@class, 'u-rules')]")
    columns = [cell.text_content() for cell in table.xpath("./thead//th")]
    rows = table.xpath("./tbody/tr")
    assert rows
    assert all([cell.get("data-label") for cell in row.xpath("./td")] == columns[1:] for row in rows)
