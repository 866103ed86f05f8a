"""A rule whose sentences stand on lines of their own is read back as one."""

from dataclasses import replace

from hub import gate
from hub.gate import consistency
from hub.model.message import Variant
from tests import a

RESIDENT = Variant("elderly.residential", "beneficiary", "email", "fr")


def test_a_changed_word_in_either_sentence_of_a_resident_is_caught() -> None:
    judged = gate.open_case(a.sheet(), a.frame(), languages=("fr",), at=None)
    message = judged.messages[RESIDENT]
    assert list(consistency.read_back(judged)) == []

    for old, new in (
        ("interdites", "permises  "),
        ("Vos proches ne viennent pas", "Vos proches doivent venir  "),
    ):
        assert old in message.text
        altered = replace(message, text=message.text.replace(old, new, 1))
        changed = replace(judged, messages={**judged.messages, RESIDENT: altered})

        codes = {finding.code for finding in consistency.read_back(changed)}

        assert codes == {"U214"}
