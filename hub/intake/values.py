"""The kinds of value that a directive file holds, each with the bounds of what can be meant."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictFloat, StrictInt, ValidationInfo

from hub.model.directive import LANGUAGES, Language
from hub.now import BRUSSELS, in_brussels_time
from hub.plain import clean

YEARS = range(1900, 2201)
"""Beyond these a year is a slip, and some instants overflow when they are brought to another zone."""
LARGEST = 1e12
LONGEST = 5_000
"""Characters of a text; the longest real one has 180."""
LONGEST_TITLE = 500
"""Characters of a title, which is a mail's subject and a page's heading."""

_DIGIT = re.compile(r"\d")


def _no_digit(text: str) -> str:
    if match := _DIGIT.search(text):
        raise ValueError(
            f"holds the digit {match.group()!r}; a number is a quantity, a window, a date or a contact"
        )
    return text


def _at_most(longest: int) -> Callable[[str], str]:
    def bounded(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"has {len(text):,} characters; write {longest:,} at most")
        return text

    return bounded


def _slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", text):
        raise ValueError("is no short name; write small letters, digits and hyphens, 80 at most")
    return text


def _phone(text: str) -> str:
    if not re.fullmatch(r"[+0-9][0-9 ./()-]{1,24}", text):
        raise ValueError("is no phone number; write digits and spaces, such as +32 81 12 34 56")
    return text


def _mailbox(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+", text):
        raise ValueError("is no e-mail address; write name@example.org")
    return text


def _sectors(value: Any) -> Any:
    listed = isinstance(value, list | tuple) and all(isinstance(sector, str) for sector in value)
    if not listed and value != "others":
        raise ValueError('is neither a list of sectors nor "others"; write ["culture"] or "others"')
    return value


def _link(url: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", url):
        raise ValueError("is no web address; write https://… in ASCII")
    return url


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is no number; write it without quotes: value = 5")
    if not 0 < value <= LARGEST:  # which no NaN is
        raise ValueError("is out of bounds; a number is greater than 0 and at most 1,000,000,000,000")
    return value


def _day(value: Any) -> Any:
    """pydantic alone would read a number as seconds since 1970, and an instant as its day."""
    if isinstance(value, str):
        value = _read(date.fromisoformat, value, "is no date; write 2020-04-15")
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("is no date; write 2020-04-15")
    return _in_our_time(value)


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        value = _read(datetime.fromisoformat, value, "is no instant; write 2020-04-15T00:00:00+02:00")
    if not isinstance(value, date):
        raise ValueError("is no instant; write 2020-04-15T00:00:00+02:00")
    if not isinstance(value, datetime):
        raise ValueError("is a date; write the instant with its offset: 2020-04-15T00:00:00+02:00")
    if value.tzinfo is None:
        raise ValueError("has no offset; write 2020-04-15T00:00:00+02:00")
    return _in_our_zone(_in_our_time(_whole(value)))


def _day_or_moment(value: Any) -> Any:
    if isinstance(value, str):
        value = _read(datetime.fromisoformat if "T" in value else date.fromisoformat, value, "is no date")
    return _moment(value) if isinstance(value, datetime) else _day(value)


def _hour(value: Any) -> Any:
    if isinstance(value, str):
        value = _read(time.fromisoformat, value, "is no hour; write 13:00:00")
    if not isinstance(value, time) or value.tzinfo is not None:
        raise ValueError("is no local hour; write 13:00:00")
    return _whole(value)


def _read(parse: Any, text: str, otherwise: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(otherwise) from error


def _whole(value: datetime | time) -> datetime | time:
    if value.second or value.microsecond:
        raise ValueError("has seconds, which no message says; write whole minutes")
    return value


def _in_our_time(value: Any) -> Any:
    if value.year not in YEARS:
        raise ValueError(f"is of the year {value.year}; write one from {YEARS[0]} to {YEARS[-1]}")
    return value


def _in_our_zone(value: datetime) -> datetime:
    """Another offset than that of the day is a slip: the messages would say another hour than the file."""
    if not in_brussels_time(value):
        here = value.astimezone(BRUSSELS).isoformat(timespec="minutes")
        raise ValueError(f"has an offset that Brussels does not have then; in its own time this is {here}")
    return value


def _rows(table: Any) -> Any:
    """{fr: [a, b], de: [c, d]} → ({fr: a, de: c}, {fr: b, de: d})"""
    if not isinstance(table, Mapping) or not all(isinstance(texts, list) for texts in table.values()):
        raise ValueError('is no list per language; write exceptions_fr = ["…", "…"]')
    lengths = {language: len(texts) for language, texts in table.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the lists have different lengths: {lengths}; each language lists the same things")
    length = max(lengths.values(), default=0)
    return tuple({language: texts[i] for language, texts in table.items()} for i in range(length))


def _in_known_languages(table: Any, info: ValidationInfo) -> Any:
    """Which languages there are, the register says: who validates gives them as the context."""
    known = (info.context or {}).get("languages", LANGUAGES)
    if isinstance(table, Mapping) and (strangers := [key for key in table if key not in known]):
        raise ValueError(
            f"is given in {', '.join(map(str, strangers))}, which is no language here; "
            f"known are {', '.join(known)}"
        )
    return table


Line = Annotated[str, AfterValidator(clean), AfterValidator(_at_most(LONGEST))]
PlainLine = Annotated[Line, AfterValidator(_no_digit)]
Text = Annotated[dict[Language, Line], Field(min_length=1), BeforeValidator(_in_known_languages)]
PlainText = Annotated[dict[Language, PlainLine], Field(min_length=1), BeforeValidator(_in_known_languages)]
Title = Annotated[
    dict[Language, Annotated[PlainLine, AfterValidator(_at_most(LONGEST_TITLE))]],
    Field(min_length=1),
    BeforeValidator(_in_known_languages),
]
Rows = Annotated[tuple[PlainText, ...], BeforeValidator(_rows)]
Slug = Annotated[str, AfterValidator(_slug)]
Phone = Annotated[Line, AfterValidator(_phone)]
Mailbox = Annotated[Line, AfterValidator(_mailbox)]
Sectors = Annotated[tuple[str, ...] | Literal["others"], BeforeValidator(_sectors)]
Url = Annotated[Line, AfterValidator(_link)]
Number = Annotated[StrictInt | StrictFloat, BeforeValidator(_number)]
Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[datetime, BeforeValidator(_moment)]
Deadline = Annotated[datetime | date, BeforeValidator(_day_or_moment)]
Hour = Annotated[time, BeforeValidator(_hour)]
