"""SMS before the gate: no word of the sheet arrives in other letters without a note."""

from datetime import UTC, datetime

import pytest

from hub import gate
from hub.gate import Case
from hub.model.directive import Contact, Directive
from hub.model.message import Replaced
from hub.model.review import Finding, Level
from tests import a


def case(act: Directive) -> Case:
    return gate.open_case(a.sheet(act), a.frame(), languages=("fr",), at=None)


def changed(act: Directive) -> list[Finding]:
    return [finding for finding in gate.examine(case(act)) if finding.code == "U604"]


def exception(words: str) -> Directive:
    return a.directive(measures=(a.measure(exceptions=(a.text(words),)),), audiences=("family", "staff"))


def test_a_word_of_the_sheet_in_other_letters_is_a_note_that_names_old_new_and_cell() -> None:
    (note,) = changed(exception("fête de l’été"))[:1]

    assert note.level == Level.NOTE
    assert note.where == "elderly.residential:staff:sms:fr and 1 more"
    assert 'm1.exceptions.1 in other letters: "fete" (ê → e)' in note.text


def test_each_word_is_told_once_however_many_cells_read_it() -> None:
    texts = [note.text for note in changed(exception("fête, l’été"))]

    assert len(texts) == len(set(texts)) == 2
    assert any("\"l'été\" (’ → ')" in text for text in texts)


def test_a_word_in_letters_that_an_sms_has_is_not_told() -> None:
    assert changed(exception("école, Übung, niño")) == []


def test_what_our_own_templates_and_dates_say_in_other_letters_is_not_told() -> None:
    august = a.directive(
        effective_from=datetime(2020, 8, 1, 22, tzinfo=UTC),
        effective_to=datetime(2020, 8, 31, 22, tzinfo=UTC),
    )

    judged = case(august)

    replaced = {r.old for message in judged.messages.values() for r in message.replaced}
    assert "û" in replaced  # août
    assert changed(august) == []


def test_the_name_of_a_contact_is_the_sheet_s_own_word() -> None:
    contact = Contact("until", a.text("Centre"), phone="0800 14 689 (gratuit : n°\u00a01)")

    notes = changed(a.directive(contacts=(contact,)))

    assert all("contact.until.phone" in note.text for note in notes)
    assert notes


@pytest.mark.parametrize("letters", ["ô", "«", "…"])
def test_a_replacement_lies_where_the_message_says(letters: str) -> None:
    judged = case(exception(f"mot{letters}mot"))

    messages = [m for m in judged.messages.values() if m.channel == "sms"]
    for message in messages:
        assert [message.text[r.start : r.end] for r in message.replaced] == [r.new for r in message.replaced]
    assert {r.old for m in messages for r in m.replaced} == {letters}


def test_a_message_carries_its_replacements() -> None:
    judged = case(exception("fête"))

    message = next(m for m in judged.messages.values() if m.channel == "sms")

    place = message.text.index("fete") + 1
    assert message.replaced == (Replaced(place, place + 1, "ê", "e"),)
