"""The documents cannot drift: settings, commands and locks are what they say."""

import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.main import get_command

from hub.cli import app
from hub.config import Config
from hub.flow import alarms
from hub.gate import CHECKS

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


def _settings() -> set[str]:
    sections: dict[str, Any] = {name: field.annotation for name, field in Config.model_fields.items()}
    return {
        f"{name}.{key}"
        for name, section in sections.items()
        if issubclass(section, BaseModel)
        for key in section.model_fields
    }


def test_config_toml_and_the_code_know_the_same_settings() -> None:
    tables = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))

    written = {f"{name}.{key}" for name, table in tables.items() for key in table}

    assert written == _settings()


def test_each_setting_stands_under_a_sentence() -> None:
    lines = (ROOT / "config.toml").read_text(encoding="utf-8").splitlines()

    bare = [
        line
        for before, line in pairwise(lines)
        if re.match(r"[a-z_]+ = ", line) and not re.match(r"# \S.*[.;]$", before)
    ]

    assert bare == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    packages = re.findall(r"^[A-Za-z0-9_.-]+==", text, re.MULTILINE)

    assert "://" not in text
    assert len(packages) > 20
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\S)", text.strip()))


def _commands(command: Any, *above: str) -> list[str]:
    if not hasattr(command, "commands"):
        return [" ".join(above)]
    own = [" ".join(above)] if above and command.invoke_without_command else []
    return own + [name for key, each in command.commands.items() for name in _commands(each, *above, key)]


def test_every_command_has_its_heading_in_the_docs() -> None:
    documented = re.findall(
        r"^## `univoque ([a-z -]+?)`$", (ROOT / "docs/commands.md").read_text("utf-8"), re.M
    )

    assert sorted(documented) == sorted(_commands(get_command(app)))


def test_every_code_of_a_finding_has_its_line_in_the_docs() -> None:
    """Codes stand in the code as they are printed: U and three digits."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "hub").rglob("*.py"))
    raised = set(re.findall(r"\bU\d{3}\b", code))

    explained = re.findall(
        r"^\| `(U\d{3})` \| [^|]+ \| [^|]+ \| [^|]+ \|$", (ROOT / "docs/findings.md").read_text("utf-8"), re.M
    )

    assert sorted(raised - set(explained)) == [], "these codes have no line in docs/findings.md"
    assert sorted(set(explained) - raised) == [], "docs/findings.md explains codes that nothing raises"
    assert len(explained) == len(set(explained))


def test_every_route_has_its_line_in_the_docs() -> None:
    server = "".join((ROOT / f"hub/web/{name}.py").read_text("utf-8") for name in ("server", "metrics"))
    answered = {
        f"{method.upper()} {path}" for method, path in re.findall(r'web\.(get|post)\("([^"]+)"', server)
    }

    explained = re.findall(
        r"^\| `((?:GET|POST) [^`]+)` \| [^|]+ \| [^|]+ \|$",
        (ROOT / "docs/routes.md").read_text("utf-8"),
        re.M,
    )

    assert len(answered) > 5
    assert sorted(answered - set(explained)) == [], "these routes have no line in docs/routes.md"
    assert sorted(set(explained) - answered) == [], "docs/routes.md explains routes that nothing answers"


def test_every_alarm_has_its_line_in_the_docs() -> None:
    section = (
        (ROOT / "docs/operate.md").read_text("utf-8").partition("## What to watch")[2].partition("\n## ")[0]
    )

    assert re.findall(r"^\| `(\w+)` \|", section, re.M) == [rule.name for rule in alarms.RULES]


def test_the_way_names_every_check_of_the_gate() -> None:
    files = {f"{check.__module__.rpartition('.')[2]}.py" for check in CHECKS}
    section = (ROOT / "docs/the-way.md").read_text("utf-8").partition("\n## 3.")[2].partition("\n## ")[0]

    assert sorted(file for file in files if f"`{file}`" not in section) == []


def _tracked() -> list[Path]:
    """The project's own text files: what git knows, where there is git."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = found.stdout.decode().split("\0")[:-1]
    if not names:
        pytest.skip("no git checkout: the list of the project's files is not known")
    ends = (".py", ".md", ".toml", ".html", ".txt", ".css", ".j2", ".lock", ".yml", ".csv")
    return [ROOT / name for name in names if name.endswith(ends) or Path(name).name in ("Makefile", "run")]


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    here = re.compile(re.escape(str(ROOT)) + r"\b|(?<![\w.-])/(?:home|Users|root|tmp)/\w+/")

    naming = [
        str(file.relative_to(ROOT))
        for file in _tracked()
        if file.is_file() and here.search(file.read_text(encoding="utf-8"))
    ]

    assert naming == []


def test_links_between_documents_lead_somewhere() -> None:
    documents = [file for file in _tracked() if file.suffix == ".md"]

    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]

    assert broken == []


def test_the_page_on_sms_is_that_of_the_code() -> None:
    from scripts import sms_table

    assert (ROOT / "docs/sms.md").read_text("utf-8") == sms_table.document()


def test_the_page_on_one_directive_is_that_of_the_code() -> None:
    from scripts import one_directive

    assert (ROOT / "docs/one-directive.md").read_text("utf-8") == one_directive.document()


def test_every_slot_of_a_pattern_is_explained() -> None:
    from hub.render import slots

    text = (ROOT / "docs/write-templates.md").read_text("utf-8")
    explained = set(re.findall(r"\{([a-z_]+(?:\.[a-z]+)?)(?:\.…)?\}", text.partition("## Slots")[2]))

    methods = {name.removeprefix("_slot_") for name in dir(slots.MeasureSlots) if name.startswith("_slot_")}
    known = methods | slots.QUANTITY_FORMS | slots.ROLES | slots.CONTACT
    assert known - explained == set()


def test_every_table_of_the_wording_is_explained() -> None:
    from tests import a

    text = (ROOT / "docs/write-templates.md").read_text("utf-8")

    tables = {name for words in a.WORDING.languages.values() for name in words.wording} - {"allow", "names"}
    assert [name for name in sorted(tables) if f"`[{name}]`" not in text] == []
