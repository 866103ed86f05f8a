"""An exercise looks like an exercise everywhere, and nothing real looks like one."""

from collections.abc import Iterator

from hub.gate.case import Case, variant_name
from hub.model.review import Finding, Level, Mode


def marked(case: Case) -> Iterator[Finding]:
    """Subject, first words of the text, and page: all marked, or none."""
    exercise = case.mode == Mode.EXERCISE
    for variant, message in case.texts():
        word = case.sheet.wording.languages[variant.language].wording["frame"]["exercise_subject"]
        heads = [message.text[: len(word) + 8]] + ([message.subject] if message.subject else [])
        for head in heads:
            if (word in head) != exercise:
                yield case.finding(
                    "U501",
                    Level.BLOCKER,
                    variant_name(variant),
                    f"an exercise must open with {word}"
                    if exercise
                    else f"it opens with {word}, but is no exercise",
                    "mend the frame in templates/messages and templates/wording",
                )
