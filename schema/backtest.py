"""Backtest (回测): what a draft of the policy would have found in a period, beside the present one."""

import re
from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from hub.clock import now
from hub.conflicts.backtest import asked_rules
from hub.conflicts.registry import all_rules
from hub.errors import SettingsError
from hub.store.backtest import ask, refuse_taken
from schema.auth.roles import demand
from schema.compiler.catalog import Sort, column, one, pages, part, table, values
from schema.compiler.door import read_row
from schema.conflict import WATERMARKS, Severity, SourceWatermark
from schema.context import RequestContext
from schema.directives import Cost
from schema.node import GLOBAL_ID, Actor, Money, Node
from schema.once import once
from schema.paging import Connection
from schema.partner import Partner
from schema.policy_change import PolicyChangeInput, draft_of, said, words_of
from schema.policy_version import PolicyVersion
from schema.scalars import ConflictClass, RuleId
from schema.sync_request import KEY
from schema.user_error import Refusal, UserError, invalid
from schema.where import Choice, asked, given, where

Info = strawberry.Info[RequestContext, None]
FILE = re.compile(r"policy\.toml|(?:territory_grants|price_policies|promotions)(?:-[\w-]{1,80})?\.csv")
MOST_FILES = 20
LONGEST_NAME = 100


@strawberry.enum(description="How far a backtest is.")
class BacktestState(Enum):
    QUEUED = strawberry.enum_value("queued", description="Waits for a worker, or a worker is at it.")
    DONE = strawberry.enum_value("done", description="Answered.")
    FAILED = strawberry.enum_value("failed", description="Could not be tried; `error` says why.")


@strawberry.enum(description="What a draft does to a finding.")
class BacktestChange(Enum):
    ADDED = strawberry.enum_value("added", description="Only the draft finds it.")
    REMOVED = strawberry.enum_value("removed", description="Only the present policy finds it.")
    CLASS = strawberry.enum_value("class", description="Its class is another.")
    MODE = strawberry.enum_value("mode", description="It may, or may no longer, become a case.")
    SCORE = strawberry.enum_value("score", description="Its score is another.")
    EVIDENCE = strawberry.enum_value("evidence", description="Only what it rests on is another.")


@strawberry.enum(description="What people decided about a finding.")
class Verdict(Enum):
    CONFIRMED = strawberry.enum_value("confirmed", description="Confirmed.")
    DISMISSED = strawberry.enum_value("dismissed", description="Dismissed.")


@strawberry.type(description="What one side of a backtest found of one rule.")
class BacktestSide:
    findings: int = column("({side} ->> 'findings')::int", "Findings in the period.", always=True)
    full_class: int = column("({side} ->> 'full_class')::int", "Of these, in a class that may open a case.", always=True)
    money_at_stake: list[Money] = values(
        "jsonb_to_recordset({up.side} -> 'money') AS {row} (currency text, amount numeric)",
        "Known values at risk by currency; empty when none is known.",
        order="{currency}",
    )
    unknown_value: int = column("({side} ->> 'unknown')::int", "Findings whose value at risk is not known.", always=True)
    cases: int = column("({side} ->> 'cases')::int", "Cases that would have been opened.", always=True)
    alerts: int = column("({side} ->> 'alerts')::int", "Alerts that would have been raised.", always=True)
    confirmed: int = column("({side} ->> 'confirmed')::int", "Findings that people have confirmed.", always=True)
    dismissed: int = column("({side} ->> 'dismissed')::int", "Findings that people have dismissed.", always=True)
    precision: float | None = column(
        "({side} ->> 'precision')::float8", "confirmed / (confirmed + dismissed), 0..1; null when nothing was decided."
    )


@strawberry.type(description="One rule in a backtest.")
class BacktestRule:
    rule_id: RuleId = column("id", "Rule.", always=True)
    present: BacktestSide = part({"side": "{report} -> 'present'"}, "By the present policy.")
    draft: BacktestSide = part({"side": "{report} -> 'draft'"}, "By the draft.")
    added: int = column("({report} ->> 'added')::int", "Findings that only the draft has.", always=True)
    removed: int = column("({report} ->> 'removed')::int", "Findings that only the present policy has.", always=True)
    changed_class: int = column("({report} ->> 'changed_class')::int", "Findings of another class.", always=True)
    changed_score: int = column("({report} ->> 'changed_score')::int", "Findings of another score alone.", always=True)


@strawberry.type(description="What a manager would have had to look at, mean of the period.")
class ManagerLoad:
    manager: str = column("manager", "The partners' manager as the masters name it; `-` = nobody.", always=True)
    present_cases_per_week: float = column("present_cases_per_week", "Cases a week by the present policy.", always=True)
    draft_cases_per_week: float = column("draft_cases_per_week", "Cases a week by the draft.", always=True)
    present_alerts_per_week: float = column("present_alerts_per_week", "Alerts a week by the present policy.", always=True)
    draft_alerts_per_week: float = column("draft_alerts_per_week", "Alerts a week by the draft.", always=True)


@table("backtest_difference", sorts={"POSITION": Sort("position", "int")})
@strawberry.type(description="One finding that a draft would add, remove or change.")
class BacktestDifference:
    finding_key: str = column("finding_key", "Deterministic key of the finding.")
    rule_id: RuleId = column("rule", "Rule.")
    partner: Partner | None = one("partner_id", "Partner the records point at; null when none.")
    event_day: date = column("event_day", "Business day it is about.")
    change: BacktestChange = column("change", "What the draft does to it.")
    class_before: ConflictClass | None = column("class_before", "Class by the present policy; null = no finding.")
    class_after: ConflictClass | None = column("class_after", "Class by the draft; null = no finding.")
    score_before: float | None = column("score_before", "Score by the present policy, 0..100 points; null = no finding.")
    score_after: float | None = column("score_after", "Score by the draft, 0..100 points; null = no finding.")
    severity_before: Severity | None = column("band_before", "Band by the present policy; null = no finding.")
    severity_after: Severity | None = column("band_after", "Band by the draft; null = no finding.")
    verdict: Verdict | None = column("verdict", "What people decided about it; null = nothing.")


@table("backtest", sorts={"REQUESTED_AT": Sort("requested_at", "timestamptz")})
@strawberry.type(description="What a draft of the policy would have done. Nothing live is touched by it.")
class Backtest(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str | None = column("name", "Name it is kept under.")
    state: BacktestState = column("state", "How far it is.")
    from_day: date = column("from_day", "First day examined.")
    to_day: date = column("to_day", "Last day examined.")
    judged_at: datetime = column("judged_at", "As of when both sides were judged.")
    rules: list[RuleId] = column("rule_names", "Rules that were run.")
    present_version: int | None = column("present_version", "Version the draft was compared with; null = the built-in policy.")
    baseline: PolicyVersion | None = one(
        "{version} = {up.present_version} AND {state} = 'published' AND {deleted_at} IS NULL",
        "That version; null for the built-in policy.",
        order="{source_id}",
    )
    draft_version: int | None = column("draft_version", "Version of the draft; null = the present one, with other records.")
    watermarks: list[SourceWatermark] = values(
        WATERMARKS,
        "How far each stream had been read when both sides were judged; empty until done.",
        order="{source}, {stream}",
    )
    ground: str | None = column(
        "ground", "Hash of what the present policy found: equal for two backtests over the same records, period and rules."
    )
    requested_by: Actor | None = one("requested_by", "Who asked; null = somebody at the command line, or a service.")
    requested_at: datetime = column("requested_at", "When it was asked for.")
    finished_at: datetime | None = column("finished_at", "When it ended; null while it has not.")
    error: str | None = column("error", "Why it could not be tried; null when it could.")
    added_count: int | None = column("added_count", "Findings only under the draft; null until done.")
    removed_count: int | None = column("removed_count", "Findings only under the present policy; null until done.")
    changed_count: int | None = column("changed_count", "Findings under both that differ; null until done.")
    alerts_per_week: float | None = column("alerts_per_week", "Alerts a week under the draft; null until done.")
    by_rule: list[BacktestRule] = values(
        "jsonb_each({up.report} -> 'by_rule') AS {row} (id, report)", "Rule by rule; empty until done.", order="{id}"
    )
    load: list[ManagerLoad] = values(
        "jsonb_to_recordset({up.report} -> 'load') AS {row} (manager text, present_cases_per_week float8, "
        "draft_cases_per_week float8, present_alerts_per_week float8, draft_alerts_per_week float8)",
        "Manager by manager, the busiest under the draft first; empty until done.",
    )
    differences: Connection[BacktestDifference] = pages(
        "The differences, largest change of score first.", [("POSITION", False)], join="{backtest_id} = {up.id}"
    )


@strawberry.input(description="Conditions on BacktestState.")
class BacktestStateFilter(Choice[BacktestState]):
    pass


@strawberry.input(description="Which backtests.")
class BacktestFilter:
    state: BacktestStateFilter | None = where("state", "State.")


@strawberry.type
class BacktestQuery:
    backtests: Connection[Backtest] | None = pages(
        "Backtests. Default order: newest first.", [("REQUESTED_AT", True)], filter=BacktestFilter | None
    )


@strawberry.input(description="One file of a draft.")
class DraftFileInput:
    name: str = strawberry.field(
        description="`policy.toml`, `territory_grants.csv`, `price_policies.csv` or `promotions.csv`; a `-` and more may "
        "follow the noun of a sheet."
    )
    text: str = strawberry.field(description="What the file holds: only what changes.")


@strawberry.input(description="Which draft to try on which past.")
class RunBacktestInput:
    files: list[DraftFileInput] | None = asked("The draft, 1..20 files; this or `changes`.")
    changes: list[PolicyChangeInput] | None = asked(
        "The draft as changes, 1..1,000, to the published version that holds on the last day."
    )
    from_day: date = strawberry.field(description="First day.")
    to_day: date = strawberry.field(description="Last day, included.")
    rules: list[RuleId] | None = asked("Rules to run; null = all.")
    at: datetime | None = asked("As of when to judge; null = now.")
    name: str | None = asked("Name to keep it under, at most 100 characters.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="Answer of `runBacktest`.")
class RunBacktestPayload:
    backtest_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The backtest, QUEUED; read it again by `node`. Null when nothing was done.")
    async def backtest(self, info: Info) -> Backtest | None:
        if self.backtest_id is None:
            return None
        return await read_row(info, "Backtest", self.backtest_id)  # type: ignore[return-value]


@strawberry.type
class BacktestMutation:
    @strawberry.mutation(
        description="Tries a draft of the policy on the past. Live findings are not touched. ADMIN, ANALYST.",
        directives=[Cost(weight="50")],
    )
    async def run_backtest(
        self, info: Info, input: Annotated[RunBacktestInput, strawberry.argument(description="What to do.")]
    ) -> RunBacktestPayload | None:
        demand(info.context.viewer, "runBacktest")
        try:
            return RunBacktestPayload(backtest_id=await run(info, input), user_errors=[])
        except Refusal as refusal:
            return RunBacktestPayload(backtest_id=None, user_errors=[refusal.error])


async def run(info: Info, input: RunBacktestInput) -> int:
    """Note what is asked, have it done, and return its id."""
    files, changes = given(input.files), given(input.changes)
    if (files is None) is (changes is None):
        raise said("changes", "files_or_changes")
    texts = None if files is None else checked_files(files)
    if input.to_day < input.from_day:
        raise invalid("toDay", "before_from_day", "The period ends before it begins.", "期间的结束日早于开始日。")
    name = (given(input.name) or "").strip() or None
    if name is not None and len(name) > LONGEST_NAME:
        raise invalid("name", "length", f"A name has at most {LONGEST_NAME} characters.", f"名称最多 {LONGEST_NAME} 个字符。")
    try:
        rules = asked_rules([str(rule) for rule in given(input.rules) or ()])
    except SettingsError as error:
        known = ", ".join(sorted(all_rules()))
        raise invalid("rules", "unknown_rule", f"Name rules there are: {known}.", f"请指定现有的规则：{known}。") from error
    at = given(input.at)
    words = {
        "files": texts, "changes": words_of(changes), "from": input.from_day, "to": input.to_day, "rules": rules, "at": at,
        "name": name,
    }  # fmt: skip
    async with once(info.context, "runBacktest", input.idempotency_key, words) as turn:
        if turn.fresh:
            drafted = (
                texts
                if changes is None
                else await draft_of(info.context, turn.connection, changes, input.from_day, input.to_day)
            )
            try:
                if name is not None:
                    await refuse_taken(turn.connection, name)
                turn.answer["backtest"] = await ask(
                    turn.connection, name=name, from_day=input.from_day, to_day=input.to_day, at=at or now(), rules=rules,
                    files=drafted, user_id=info.context.viewer.user_id,
                )  # fmt: skip
            except SettingsError as error:
                raise invalid(
                    "name",
                    "taken",
                    f"There is a backtest called {name} already; choose another name.",
                    f"已有名为 {name} 的回测；请另选名称。",
                ) from error
    if turn.fresh and info.context.jobs is not None:
        await info.context.jobs.defer_backtest()
    return int(turn.answer["backtest"])


def checked_files(files: list[DraftFileInput]) -> dict[str, str]:
    """Return the texts by name; what stands in them is judged by whoever tries them."""
    if not 1 <= len(files) <= MOST_FILES:
        raise invalid("files", "number", f"A draft has 1 to {MOST_FILES} files.", f"草案为 1 至 {MOST_FILES} 个文件。")
    found: dict[str, str] = {}
    for file in files:
        if FILE.fullmatch(file.name) is None or file.name in found:
            raise invalid(
                "files",
                "unknown_file",
                "Name each file once: policy.toml, territory_grants.csv, price_policies.csv or promotions.csv.",
                "每个文件只列一次：policy.toml、territory_grants.csv、price_policies.csv 或 promotions.csv。",
            )
        found[file.name] = file.text.replace("\0", "\ufffd")
    return found
