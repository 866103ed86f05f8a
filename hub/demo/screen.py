"""What the demo says on the terminal: the acts, why one was refused, bars that fill, where to look."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hub.demo.acts import Act
from hub.model.delivery import FINISHED, Outcome
from hub.model.review import Finding
from hub.register import Register

NAMES = {"email": "e-mail", "sms": "SMS"}


class Screen:
    """The demo's voice."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(Text(text))

    def act(self, act: Act, register: Register, number: int, of: int) -> None:
        """Announce an act on its day."""
        issuer = register.issuers[act.directive.issuer].name["fr"]
        self._console.print()
        self._console.print(Rule(f"[bold]{act.at:%-d %B %Y}[/] · act {number} of {of}", align="left"))
        self._console.print(f"[bold]{act.directive.title['fr']}[/]")
        self._console.print(f"{issuer} · {act.directive.id}", style="dim")

    def refused(self, findings: Sequence[Finding]) -> None:
        """Show the blockers of a refused act, with what to do about each."""
        table = Table(title="Refused at the gate", title_style="bold red", title_justify="left", expand=True)
        for heading in ("code", "where", "why", "remedy"):
            table.add_column(heading, overflow="fold", ratio=None if heading == "code" else 1)
        for finding in findings:
            # Text, for a remedy names [[tables]] of the form, which are no markup.
            table.add_row(*map(Text, (finding.code, finding.where, finding.text, finding.remedy)))
        self._console.print(table)

    def bars(self) -> Progress:
        """One bar per channel."""
        return Progress(
            TextColumn("  {task.description:<7}"), BarColumn(bar_width=40), MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"), TimeElapsedColumn(), console=self._console,
        )  # fmt: skip

    def sent(self, rows: Sequence[tuple[Act, Mapping[str, Mapping[Outcome, int]]]]) -> None:
        """Sum up what left for each act."""
        table = Table(title="What left", title_style="bold", title_justify="left")
        table.add_column("day")
        table.add_column("act")
        for name in NAMES.values():
            table.add_column(name, justify="right")
        table.add_column("not sent", justify="right")
        for act, counts in rows:
            left = sum(sum(states.values()) - arrived(states) for states in counts.values())
            channels = [str(arrived(counts.get(channel, {}))) for channel in NAMES]
            table.add_row(f"{act.at:%d/%m/%Y}", act.directive.title["fr"], *channels, str(left))
        self._console.print()
        self._console.print(table)

    def farewell(self, places: Mapping[str, str], hint: str) -> None:
        """Say where to look."""
        grid = Table.grid(padding=(0, 2))
        for what, where in places.items():
            grid.add_row(what, Text(where, style=f"link {where} bold cyan"))
        self._console.print()
        panel = Panel(grid, title="Now look", title_align="left", subtitle=hint, subtitle_align="left")
        self._console.print(panel)


ARRIVED = frozenset({Outcome.ACCEPTED, Outcome.DELIVERED})


def arrived(states: Mapping[Outcome, int]) -> int:
    """How many the far side took."""
    return sum(number for outcome, number in states.items() if outcome in ARRIVED)


def finished(states: Mapping[Outcome, int]) -> int:
    """How many have no work left."""
    return sum(number for outcome, number in states.items() if outcome in FINISHED)


def doubts(states: Mapping[Outcome, int]) -> str:
    """What did not simply arrive, in words."""
    said = [f"{n} {outcome}" for outcome, n in states.items() if n and outcome in FINISHED - ARRIVED]
    return ", ".join(said)
