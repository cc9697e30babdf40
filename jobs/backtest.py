"""Try a draft of the policy on the past: read its folder, judge both sides, keep the answer and compare answers."""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from msgspec import Struct

from connectors.base import Context
from connectors.http import open_http
from connectors.registry import connector
from hub.alerts.routing import worth_alerting
from hub.clock import now
from hub.conflicts.backtest import Answer, Draft, Question, asked_rules, backtest
from hub.errors import HubError, SettingsError
from hub.records import CanonicalRecord
from hub.records.message import Record, Reject, SyncMode, Tombstone, Window
from hub.store.backtest import answered, apart, ask, by_name, failed, refuse_taken, waiting
from hub.store.database import Connection, Store

log = structlog.get_logger()

Told = Callable[[str], None]
# The streams of a folder that a draft may hold, with the noun each brings.
STREAMS: Mapping[str, str] = {
    "policy": "policy_version",
    "territory_grants": "territory_grant",
    "price_policies": "price_policy",
    "promotions": "promotion",
}
MOST_FAULTS = 5


class Amount(Struct, frozen=True, kw_only=True):
    """A sum of one currency."""

    currency: str
    amount: Decimal


class Outlook(Struct, kw_only=True):
    """What one side found of one rule in the period.

    `money` is at stake by currency, empty when no amount is known; `unknown` counts the findings without one. `precision` is
    confirmed / (confirmed + dismissed) among what people have decided, None when they have decided nothing.
    """

    findings: int = 0
    full_class: int = 0
    money: list[Amount] = []
    unknown: int = 0
    cases: int = 0
    alerts: int = 0
    confirmed: int = 0
    dismissed: int = 0
    precision: float | None = None


class RuleReport(Struct, kw_only=True):
    """One rule on both sides, and how many of its findings differ in what. `bands` are moves from band to band."""

    present: Outlook
    draft: Outlook
    added: int = 0
    removed: int = 0
    changed_class: int = 0
    changed_mode: int = 0
    changed_score: int = 0
    changed_evidence: int = 0
    bands: dict[str, int] = {}


class Load(Struct, kw_only=True):
    """What a manager would have had to look at; rates are means over the period."""

    manager: str
    present_cases_per_week: float = 0
    draft_cases_per_week: float = 0
    present_alerts_per_week: float = 0
    draft_alerts_per_week: float = 0


class Report(Struct, frozen=True, kw_only=True):
    """The answer of a backtest. Days are included; versions None are the built-in policy and the live one."""

    from_day: date
    to_day: date
    at: datetime
    rules: Sequence[str]
    present_version: int | None
    draft_version: int | None
    watermark: Mapping[str, Any]
    ground: str
    runtime_s: float
    added: int
    removed: int
    changed: int
    by_rule: Mapping[str, RuleReport]
    load: Sequence[Load]
    differences: Sequence[Mapping[str, Any]]

    @property
    def alerts_per_week(self) -> float:
        return round(sum(one.draft_alerts_per_week for one in self.load), 4)


class Compared(Struct, frozen=True, kw_only=True):
    """Two saved backtests side by side. Without `same_ground` the records changed in between, and with them the answers."""

    one: str
    other: str
    same_ground: bool
    rules: Mapping[str, tuple[RuleReport | None, RuleReport | None]]
    differences: Sequence[Mapping[str, Any]]


async def try_folder(
    store: Store,
    folder: Path,
    *,
    from_day: date,
    to_day: date,
    at: datetime | None = None,
    rules: Sequence[str] = (),
    save: str | None = None,
    tell: Told = lambda _: None,
) -> Report:
    """Judge the period under the present policy and under the draft in a folder; keep the answer under a name where asked.

    Raises SettingsError with everything that is wrong with the folder or the question.
    """
    moment = at or now()
    question = asked(from_day, to_day, moment, rules)
    draft = await read_draft(folder)
    if save is not None:
        async with store.connection() as connection:
            await refuse_taken(connection, save)
    report = await answer(store, draft, question, tell)
    if save is not None:
        async with store.transaction() as connection:
            asked_for = await ask(connection, name=save, from_day=from_day, to_day=to_day, at=moment, rules=question.rules)
            await keep(connection, asked_for, report)
    return report


async def answer_waiting(store: Store) -> int:
    """Answer the backtests that were asked for, one after the other; return how many."""
    async with store.connection() as connection:
        asked_for = await waiting(connection)
    for row in asked_for:
        await answer_one(store, row)
    return len(asked_for)


async def answer_one(store: Store, row: Mapping[str, Any]) -> None:
    """Answer one; what a person has to mend becomes its error."""
    try:
        question = asked(row["from_day"], row["to_day"], row["judged_at"], row["rules"])
        with tempfile.TemporaryDirectory(prefix="channelhub-draft-") as name:
            folder = Path(name)
            for file, text in row["files"].items():
                (folder / file).write_text(text, encoding="utf-8")
            draft = await read_draft(folder)
        report = await answer(store, draft, question, partial(log.info, backtest=row["id"]))
    except HubError as error:
        async with store.transaction() as connection:
            await failed(connection, row["id"], str(error))
        log.warning("backtest impossible", backtest=row["id"], reason=str(error))
        return
    except Exception:
        # One that cannot be answered must not stand before all others.
        async with store.transaction() as connection:
            await failed(connection, row["id"], "The backtest ended unexpectedly; the log of the worker has the reason.")
        log.exception("backtest failed", backtest=row["id"])
        return
    async with store.transaction() as connection:
        await keep(connection, row["id"], report)


def asked(from_day: date, to_day: date, at: datetime, rules: Sequence[str]) -> Question:
    """Check a question. Raises SettingsError."""
    if to_day < from_day:
        raise SettingsError(f"The period ends on {to_day} before it begins on {from_day}; turn the two days round.")
    return Question(from_day=from_day, to_day=to_day, at=at, rules=asked_rules(rules))


async def answer(store: Store, draft: Draft, question: Question, tell: Told) -> Report:
    """Judge both sides and put what they found into one report."""
    began = monotonic()
    got = await backtest(
        store, draft, question, f"backtest_{uuid4().hex[:12]}", alerting=partial(alerting, question), tell=tell
    )
    return report_of(got, monotonic() - began)


async def alerting(question: Question, connection: Connection) -> list[int]:
    """Return the cases that would be told of, by the limits of the policy that holds where the connection looks."""
    return await worth_alerting(connection, question.at)


async def read_draft(folder: Path) -> Draft:
    """Read a folder as an import would, whole or not at all. Raises SettingsError with the faults of its rows."""
    entry = connector("sheet")
    made = entry.load()
    assert entry.manifest is not None
    config = made.config(folder=str(folder))
    records: dict[str, list[CanonicalRecord]] = {}
    removed: dict[str, list[str]] = {}
    faults: list[str] = []
    window = Window(lower=None, upper=now(), mode=SyncMode.INCREMENTAL)
    async with open_http("draft", entry.manifest.bucket) as http:
        context = Context(source="draft", config=config, http=http, now=now, log=log.info)
        missing = (await made.check(context)).missing
        if missing:
            raise SettingsError(f"The draft cannot be tried. {' '.join(missing)}")
        held = (await made.discover(context)).streams
        strangers = sorted(set(held) - STREAMS.keys())
        if strangers:
            raise SettingsError(f"A draft holds {', '.join(STREAMS)}; {folder.name} also holds {', '.join(strangers)}.")
        for stream in (entry.manifest.stream(name) for name in STREAMS if name in held):
            noun = STREAMS[stream.name]
            async for message in made.read(context, stream, {}, window):
                if isinstance(message, Record):
                    try:
                        records.setdefault(noun, []).extend(made.normalise(config, stream, message.raw))
                    except HubError as error:
                        faults.append(f"{placed(message)}: {error}")
                elif isinstance(message, Tombstone):
                    removed.setdefault(noun, []).append("|".join(message.key))
                elif isinstance(message, Reject):
                    faults.append(f"{placed(message)}: {message.message}")
    if len(records.get("policy_version", ())) > 1:
        faults.append("There are two policies; a draft has one.")
    if faults:
        more = f" and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        raise SettingsError(f"The draft cannot be tried. {' '.join(faults[:MOST_FAULTS])}{more}")
    if not records and not removed:
        raise SettingsError(f"The sheets of {folder.name} are empty; put rows there that differ from the live ones.")
    return Draft(records=records, removed=removed)


def placed(message: Record | Reject) -> str:
    """Return where a row stands, as a person finds it."""
    if message.place is None:
        return "A row"
    line = message.place.line
    return f"{message.place.file}{'' if line is None else f', line {line}'}"


def report_of(got: Answer, seconds: float) -> Report:
    """Return the report of what was found."""
    rules = {name: RuleReport(present=Outlook(), draft=Outlook()) for name in got.question.rules}
    for row in got.counted:
        side = outlook(rules, row)
        for name in ("findings", "full_class", "unknown", "confirmed", "dismissed"):
            setattr(side, name, row[name])
        decided = side.confirmed + side.dismissed
        side.precision = round(side.confirmed / decided, 4) if decided else None
    for row in got.money:
        side = outlook(rules, row)
        side.money = [*side.money, Amount(currency=row["currency"], amount=row["amount"])]
    for row in got.load:
        side = outlook(rules, row)
        side.cases += row["cases"]
        side.alerts += row["alerts"]
    count_differences(rules, got.differences)
    changes = Counter(one["change"] for one in got.differences)
    return Report(
        from_day=got.question.from_day,
        to_day=got.question.to_day,
        at=got.question.at,
        rules=got.question.rules,
        present_version=got.present_version,
        draft_version=got.draft_version,
        watermark=got.watermark,
        ground=got.ground,
        runtime_s=round(seconds, 3),
        added=changes["added"],
        removed=changes["removed"],
        changed=changes.total() - changes["added"] - changes["removed"],
        by_rule=rules,
        load=loads(got),
        differences=got.differences,
    )


def outlook(rules: Mapping[str, RuleReport], row: Mapping[str, Any]) -> Outlook:
    """Return the side of the rule that a row speaks of."""
    side: Outlook = getattr(rules[row["rule"]], row["side"])
    return side


def count_differences(rules: Mapping[str, RuleReport], differences: Sequence[Mapping[str, Any]]) -> None:
    """Count by rule what differs in what, and the moves between bands."""
    for one in differences:
        rule, change = rules[one["rule"]], one["change"]
        name = change if change in ("added", "removed") else f"changed_{change}"
        setattr(rule, name, getattr(rule, name) + 1)
        if one["band_before"] != one["band_after"]:
            move = f"{one['band_before'] or 'none'} > {one['band_after'] or 'none'}"
            rule.bands = {**rule.bands, move: rule.bands.get(move, 0) + 1}


def loads(got: Answer) -> list[Load]:
    """Return the load of every manager, the busiest under the draft first."""
    found: dict[str, Load] = {}
    for row in got.load:
        load = found.setdefault(row["manager"], Load(manager=row["manager"]))
        for what in ("cases", "alerts"):
            name = f"{row['side']}_{what}_per_week"
            setattr(load, name, getattr(load, name) + row[what] / got.question.weeks)
    for load in found.values():
        for name in load.__struct_fields__[1:]:
            setattr(load, name, round(getattr(load, name), 4))
    return sorted(found.values(), key=lambda load: (-load.draft_alerts_per_week, -load.draft_cases_per_week, load.manager))


async def keep(connection: Connection, backtest_id: int, report: Report) -> None:
    """Keep a report with its differences."""
    summary = {
        "present_version": report.present_version,
        "draft_version": report.draft_version,
        "watermark": report.watermark,
        "ground": report.ground,
        "runtime_ms": round(report.runtime_s * 1000),
        "added": report.added,
        "removed": report.removed,
        "changed": report.changed,
        "alerts_per_week": report.alerts_per_week,
        "report": {"by_rule": msgspec.to_builtins(report.by_rule), "load": msgspec.to_builtins(report.load)},
    }
    await answered(connection, backtest_id, summary, report.differences)


async def compare(store: Store, one: str, other: str) -> Compared:
    """Set two saved backtests side by side: their rules, and the findings on which their drafts end differently."""
    async with store.connection() as connection:
        first, second = await by_name(connection, one), await by_name(connection, other)
        differences = await apart(connection, first["id"], second["id"])
    reports = [msgspec.convert(row["report"]["by_rule"], dict[str, RuleReport]) for row in (first, second)]
    same = all(first[name] == second[name] for name in ("from_day", "to_day", "rules", "ground"))
    names = [name for name in first["rules"] if name in second["rules"]]
    names += [name for name in (*first["rules"], *second["rules"]) if name not in names]
    return Compared(
        one=one,
        other=other,
        same_ground=same,
        rules={name: (reports[0].get(name), reports[1].get(name)) for name in dict.fromkeys(names)},
        differences=differences,
    )
