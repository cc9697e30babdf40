"""One batch of changed records through every rule: scopes, findings, ledger, scores, cases. One transaction, the caller's.

The marks are the work list. A statement sees the records as they are when it runs; a record that changes meanwhile has a mark
of its own and is judged again, so that whatever the order, the findings end as those of one run over everything.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from hub.conflicts import grouping, ledger, policy, severity, trade
from hub.conflicts.grouping import CaseChange
from hub.conflicts.registry import Pair, all_rules
from hub.conflicts.statements import FOLDER, premises, run
from hub.store import dirty
from hub.store.database import NOT_ITS_FAULT, Connection
from hub.store.event import Happening
from hub.store.statements import read_statements, statement


class Examined(Struct, frozen=True, kw_only=True):
    """What one batch led to. `told` and `cases` are for subscribers and receivers; counts are by rule.

    `failed` says why a rule could not be heard. What it had found before stands, and it judges everything when it can again.
    """

    marks: int
    judged: Mapping[str, int]
    happened: Mapping[str, Mapping[str, int]]
    skipped: Mapping[str, Mapping[str, int]]
    failed: Mapping[str, str]
    cases: Sequence[CaseChange]
    told: Sequence[Happening]


async def examine(
    connection: Connection, at: datetime, *, limit: int | None, full: bool, rules: Collection[str] | None = None
) -> Examined:
    """Judge what up to so many marks reach, or everything, as of an instant. Leaves the marks for the caller to settle.

    `rules` are those that are heard, None for all.
    """
    await connection.execute(PACE)
    await connection.execute(DESK.sql)
    waiting = await dirty.waiting(connection)
    marks = await dirty.take(connection, limit)
    all_taken = limit is None or marks < limit
    policies = await policy.read_policies(connection, at)
    pairs = [pair for name, pair in all_rules().items() if rules is None or name in rules]
    await policy.lay(connection, policies, [pair.rule for pair in pairs])
    values: dict[str, Any] = {
        "at": at,
        "today": policies.today,
        "timezone": policies.timezone,
        "base_currency": policies.base_currency,
        "watermark": await connection.fetchval(statement("conflict", "watermark").sql),
    }
    before = {row["rule"]: row for row in await connection.fetch(statement("conflict", "judged_before").sql)}
    known = before.get(trade.NAME)
    foreign = known is None or (known["rule_version"], known["basis"]) != (trade.VERSION, policies.base_currency or "-")
    sweeping = await reach(connection, values, everything=full or foreign)
    await judged_now(connection, trade.NAME, trade.VERSION, policies.base_currency or "-", at)
    judged: dict[str, int] = {}
    skipped: dict[str, Counter[str]] = {}
    failed: dict[str, str] = {}
    any_entire = False
    await connection.execute("SAVEPOINT page")
    for pair in pairs:
        name, known = pair.rule.name, before.get(pair.rule.name)
        as_then = known is not None and (known["rule_version"], known["basis"]) == (pair.rule.version, policies.basis)
        entire = sweeping or known is None or not as_then or known["failure"] is not None
        await connection.execute(await connection.fetchval(LEDGER["new_page"].sql))
        try:
            judged[name], skipped[name] = await hear(
                connection,
                pair,
                {**values, "rule": name, "since": known["judged_to"] if known is not None else at},
                entire=entire,
                # With the last of the changes that came in between, so once for all of them.
                unsettled=all_taken and known is not None and known["unsettled"],
            )
        except NOT_ITS_FAULT:
            raise
        except Exception as error:  # a rule may be anybody's, and silences no other one
            await connection.execute("ROLLBACK TO SAVEPOINT page")
            failed[name] = f"{type(error).__name__}: {error}".partition("\n")[0]
            await failed_now(connection, pair, policies.basis, at, failed[name])
            continue
        any_entire = any_entire or entire
        await judged_now(connection, name, pair.rule.version, policies.basis, at)
    await connection.execute("RELEASE SAVEPOINT page")
    await trade.read(connection)
    await run(connection, LEDGER["leave_unsettled"], {"all_taken": all_taken, "waiting": waiting})
    if any_entire:
        await connection.execute(LEDGER["look_again"].sql)
    await severity.score(connection, values, everything=any_entire)
    told = await ledger.close(connection, values)
    changes, case_events = await grouping.attach(connection, policies, at)
    return Examined(
        marks=marks,
        judged=judged,
        happened=by_rule(told),
        skipped=skipped,
        failed=failed,
        cases=changes,
        told=[*(one for _, one in told), *case_events],
    )


async def reach(connection: Connection, values: Mapping[str, object], *, everything: bool) -> bool:
    """Lay out the lines and offers that the marks reach; True when everything has to be judged."""
    nouns = {row["noun"] for row in await connection.fetch("SELECT DISTINCT noun FROM changed")}
    for noun in (noun for noun in REACHING if noun in nouns):
        for name in REACHING[noun]:
            await run(connection, REACH[name], values)
    await trade.refresh(connection, values, full=everything)
    await connection.execute("ANALYZE changed (noun, record_id), reached_line, reached_offer")
    return everything or bool(await connection.fetchval(REACH["sweeping"].sql))


async def judged_now(connection: Connection, name: str, version: int, basis: str, at: datetime) -> None:
    """Note how far something has been judged, by which version of its meaning and on what basis."""
    values = {"rule": name, "version": version, "basis": basis, "at": at}
    await run(connection, statement("conflict", "judged_now"), values)


async def failed_now(connection: Connection, pair: Pair, basis: str, at: datetime, failure: str) -> None:
    """Note that a rule could not be heard, and why."""
    values = {"rule": pair.rule.name, "version": pair.rule.version, "basis": basis, "at": at, "failure": failure}
    await run(connection, statement("conflict", "failed_now"), values)


async def hear(
    connection: Connection, pair: Pair, values: Mapping[str, object], *, entire: bool, unsettled: bool
) -> tuple[int, Counter[str]]:
    """Let one rule judge; return how many scopes it judged and what it had to skip."""
    if "desk" in pair.statements:
        await connection.execute(pair.statements["desk"].sql)
    shared = premises()
    for name in pair.rule.everything if entire else pair.rule.reach:
        await run(connection, pair.statements.get(name) or shared[name], values)
    if entire:
        await run(connection, LEDGER["standing_scopes"], values)
    elif unsettled:
        await run(connection, LEDGER["unsettled"], values)
    judged: int = await connection.fetchval("SELECT count(*) FROM judged")
    if judged:
        await connection.execute("ANALYZE judged")
        for step in pair.rule.steps:
            await run(connection, pair.statements.get(step) or shared[step], values)
        await ledger.record(connection, pair, values)
        await ledger.retract(connection, values)
    skipped = await connection.fetch("SELECT reason, sum(number)::bigint AS number FROM skipped GROUP BY reason")
    return judged, Counter({row["reason"]: row["number"] for row in skipped})


def by_rule(told: Iterable[tuple[str, Happening]]) -> dict[str, Counter[str]]:
    """Count what happened, by rule."""
    counts: dict[str, Counter[str]] = {}
    for rule, one in told:
        counts.setdefault(rule, Counter())[one.kind] += 1
    return counts


async def failures(connection: Connection) -> dict[str, str]:
    """Return the rules that failed when they were last to be heard, with the reason. Not for partners: it is the inside."""
    rows = await connection.fetch(statement("conflict", "failures").sql)
    return {row["rule"]: row["failure"] for row in rows if row["rule"] in all_rules()}


async def not_run(connection: Connection) -> dict[str, str]:
    """Return the rules that can say nothing, with what they need; they never report "no findings" instead."""
    present = {row["noun"] for row in await connection.fetch(statement("conflict", "present").sql)}
    return {
        name: f"needs {' or '.join(sorted(missing))}"
        for name, pair in all_rules().items()
        for missing in [next((group for group in pair.rule.needs if not group & present), frozenset[str]())]
        if missing
    }


# Compiling pays for none of these statements; sorting and hashing in memory does, and so do the ways in by an index, for what a
# change reaches lies scattered and what is asked for often is in memory.
PACE = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL random_page_cost = 1.1"
# What a changed record of a noun reaches, in this order.
REACHING: Mapping[str, Sequence[str]] = {
    "product": ("product", "product_offers"),
    "fx_rate": ("fx_rate", "rate_offers"),
    "offer": ("offer",),
    "partner_alias": ("partner_alias",),
    "partner": ("partner",),
    "price_policy": ("price_policy",),
    "promotion": ("promotion",),
}
DESK = read_statements(FOLDER / "desk.sql")["desk"]
REACH = read_statements(FOLDER / "reach.sql")
LEDGER = ledger.LEDGER
