"""What the demo puts on the screen."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.conflicts.registry import all_rules, finding_of
from hub.conflicts.rule import sentence
from jobs.demo.mailbox import first_case, text_of
from jobs.demo.verdict import Verdict

COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
QUERY = "{ conflictCases(first: 3) { nodes { number ruleId severity score partner { code name } } } }"
Row = Mapping[str, Any]


def title(rule: str) -> str:
    """Return a rule's title."""
    return all_rules()[rule].rule.title_en


def reason(row: Row) -> str:
    """Return why there is a finding, in one sentence."""
    return sentence(finding_of(row))


def money(row: Row) -> str:
    """Return what is at stake, or that nobody knows."""
    return "unknown" if row["money"] is None else f"{row['money']:,.0f} {row['currency'] or 'USD'}"


def band(row: Row) -> Text:
    """Return the score with its band."""
    return Text(f"{row['score']:.0f} {row['band']}", COLOURS.get(row["band"], ""))


def show_cases(console: Console, cases: Sequence[Row]) -> None:
    """Print the cases as a table."""
    table = Table(
        "No", "Case", "Score", "At stake", title=f"{len(cases)} cases to look at", title_justify="left", show_lines=True
    )
    table.columns[0].justify = table.columns[3].justify = "right"
    table.columns[1].ratio = 1
    for case in cases:
        table.add_row(str(case["number"]), told(case), band(case), money(case))
    console.print(table)


def show_observations(console: Console, findings: Sequence[Row]) -> None:
    """Print what is only observed, because price rules may not become cases where it was seen."""
    title = f"{len(findings)} market observations: shown, but never a case there"
    table = Table("Observation", "Score", title=title, title_justify="left", show_lines=True)
    table.columns[0].ratio = 1
    for row in findings:
        table.add_row(told(row), band(row))
    console.print(table)


def told(row: Row) -> Text:
    """Return what it is, who and where, and why."""
    who = " · ".join(part for part in (row["partner"], row["place"]) if part != "-")
    return Text.assemble((title(row["rule"]), "bold"), "\n", who, "\n" if who else "", (reason(row), "dim"))


def show_verdict(console: Console, verdict: Verdict) -> None:
    """Print how much of what was planted was found."""
    console.print(
        f"Planted {verdict.planted} conflicts, found {verdict.found}, missed {len(verdict.missed)}; "
        f"{verdict.look_alikes} look-alikes, wrongly flagged {len(verdict.wrongly_flagged)}."
    )
    for line in (*verdict.missed, *verdict.wrongly_flagged, *verdict.misread):
        console.print(f"  {line}", style="red")


def show_letter(console: Console, letters: Sequence[EmailMessage]) -> None:
    """Print an alert as it arrived in the mailbox."""
    letter = first_case(letters)
    if letter is None:
        console.print("No alert arrived.")
        return
    head = f"To: {letter['To']}\nSubject: {letter['Subject']}\n\n"
    title = f"1 of {len(letters)} alerts, as delivered"
    console.print(Panel(Text(head + text_of(letter).strip()), title=title, title_align="left"))


def show_door(console: Console, url: str, token: str, answer: str) -> None:
    """Print where the hub answers, a token, and a first question with its answer."""
    console.print(f"\nQuery page  {url}/graphiql\nToken       {token}\n\nA first query:", highlight=False)
    command = (
        f"curl -s {url}/graphql -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' "
        f"""-d '{{"query": "{QUERY}"}}'"""
    )
    console.print(Text(command), soft_wrap=True)
    console.print(Text(answer), soft_wrap=True)


def show_news(console: Console, row: Row) -> None:
    """Print a finding that was made while we stayed up."""
    console.print(Text.assemble("New: ", title(row["rule"]), ". ", reason(row), " (", band(row), ")"), soft_wrap=True)
