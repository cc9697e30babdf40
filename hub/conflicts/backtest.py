"""What a policy would have found: the present one and a draft, judged over the same records, side by side.

Both sides lie in schemas of their own, made in one transaction that is never committed. It sees the records of one moment,
nobody else sees what it finds, and whatever ends it, a crash too, leaves nothing behind. What people decided is read, so that
a dismissed finding counts as dismissed; nothing of it is written.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, Literal

import structlog
from msgspec import Struct

from hub.conflicts import policy, trade
from hub.conflicts.engine import examine
from hub.conflicts.registry import all_rules
from hub.conflicts.statements import FOLDER, run
from hub.errors import RuleFailed, SettingsError
from hub.intake.shape import SHAPES, Reference
from hub.records import CanonicalRecord, PolicyVersion, PricePolicy, Promotion, TerritoryGrant
from hub.store.bulk import Row, upsert_staged
from hub.store.database import Connection, Store
from hub.store.statements import read_statements, statement

log = structlog.get_logger(__name__)

Side = Literal["present", "draft"]
Alerting = Callable[[Connection], Awaitable[Sequence[int]]]
Told = Callable[[str], None]
DRAFTED: Mapping[str, type] = {
    "policy_version": PolicyVersion,
    "territory_grant": TerritoryGrant,
    "price_policy": PricePolicy,
    "promotion": Promotion,
}
REMOVED = {"territory_grant": "removed_grants", "price_policy": "removed_prices", "promotion": "removed_promotions"}
# Where cases stand whose partner has no manager.
NOBODY = "-"


class Draft(Struct, frozen=True, kw_only=True):
    """What would be otherwise: records by noun that take the place of live ones, and keys that would be gone.

    A noun in `records` without any is one the draft says nothing of.
    """

    records: Mapping[str, Sequence[CanonicalRecord]]
    removed: Mapping[str, Sequence[str]]

    @property
    def version(self) -> int | None:
        """Return the number of the drafted policy; None when the live one holds."""
        versions = [one.version for one in self.records.get("policy_version", ()) if isinstance(one, PolicyVersion)]
        return versions[0] if versions else None


class Question(Struct, frozen=True, kw_only=True):
    """The days that count, both included, as of when is judged, and by which rules."""

    from_day: date
    to_day: date
    at: datetime
    rules: tuple[str, ...]

    @property
    def weeks(self) -> float:
        return ((self.to_day - self.from_day).days + 1) / 7


class Answer(Struct, frozen=True, kw_only=True):
    """What both sides found, in sums and in each finding that differs. `ground` is the hash of what the present side found."""

    question: Question
    watermark: Mapping[str, Any]
    present_version: int | None
    draft_version: int | None
    ground: str
    counted: Sequence[Mapping[str, Any]]
    money: Sequence[Mapping[str, Any]]
    load: Sequence[Mapping[str, Any]]
    differences: Sequence[Mapping[str, Any]]


def asked_rules(names: Collection[str]) -> tuple[str, ...]:
    """Return the rules asked for in the order they run, all when none is named. Raises SettingsError for an unknown one."""
    known = all_rules()
    for name in names:
        if name not in known:
            raise SettingsError(f"There is no rule {name!r}; there are {', '.join(sorted(known))}.")
    return tuple(name for name in known if not names or name in names)


def needed_rules(names: Collection[str]) -> frozenset[str]:
    """Return the rules with those whose findings they read."""
    needed, found = set(names), frozenset[str]()
    while needed != found:
        found = frozenset(needed)
        needed |= {one for name in found for one in all_rules()[name].rule.after & all_rules().keys()}
    return found


async def backtest(
    store: Store, draft: Draft, question: Question, room: str, *, alerting: Alerting, tell: Told = lambda _: None
) -> Answer:
    """Judge the period under the present policy and under the draft. `room` names the schemas and is nobody else's."""
    values = {"from_day": question.from_day, "to_day": question.to_day, "rules": list(question.rules)}
    async with looking(store) as connection:
        tell("Judging by the present policy")
        await enter(connection, f"{room}_present")
        present = await policy.read_policies(connection, question.at)
        await step(connection, "results")
        await furnish(connection)
        await bring_lines(connection, present.base_currency)
        await judge(connection, "present", question, values, alerting)
        tell("Judging by the draft")
        await step(connection, "desk_cleared")
        await enter(connection, f"{room}_draft")
        await lay_out(connection, draft, question)
        await furnish(connection)
        drafted = await policy.read_policies(connection, question.at)
        await take_lines(connection, present.base_currency, copied=drafted.base_currency != present.base_currency)
        await judge(connection, "draft", question, values, alerting)
        tell("Comparing")
        return Answer(
            question=question,
            watermark=await connection.fetchval(statement("conflict", "watermark").sql),
            present_version=present.at(question.to_day).number or None,
            draft_version=draft.version,
            ground=await connection.fetchval(SQL["ground"].sql),
            counted=await table(connection, "counted"),
            money=await table(connection, "money"),
            load=await table(connection, "load"),
            differences=await table(connection, "differences"),
        )


@asynccontextmanager
async def looking(store: Store) -> AsyncIterator[Connection]:
    """Lend a connection that sees the records of one moment and keeps nothing it does."""
    async with store.connection() as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            yield connection
        finally:
            await transaction.rollback()


async def enter(connection: Connection, room: str) -> None:
    """Make a schema and put it first on the path."""
    await connection.execute("SELECT set_config('hub.room', $1, true)", room)
    await step(connection, "room")


async def furnish(connection: Connection) -> None:
    """Lay empty books with what people decided."""
    for name in ("books", "decided", "outside_cases"):
        await step(connection, name)


async def bring_lines(connection: Connection, base_currency: str | None) -> None:
    """See that the present side finds the lines of trade as the records are, in the hub or in a copy brought up to date."""
    stand = SQL["lines_stand"]
    values = {"name": trade.NAME, "version": trade.VERSION, "basis": base_currency or "-"}
    if not await connection.fetchval(stand.sql, *stand.arguments(values)):
        await step(connection, "lines_copied")
    await run(connection, SQL["lines_known"], {"name": trade.NAME, "basis": None})


async def take_lines(connection: Connection, base_currency: str | None, *, copied: bool) -> None:
    """Let the draft side read the lines of the present side, unless it counts in another currency."""
    if copied:
        await step(connection, "lines_copied")
    await run(connection, SQL["lines_known"], {"name": trade.NAME, "basis": None if copied else base_currency or "-"})


async def judge(connection: Connection, side: Side, question: Question, values: Mapping[str, Any], alerting: Alerting) -> None:
    """Judge everything by what lies in the present room, and keep what falls into the period."""
    examined = await examine(connection, question.at, limit=None, full=False, rules=needed_rules(question.rules))
    for name, reason in examined.failed.items():
        # The database's own words are for the log: the answer is kept and read through the API.
        log.error("rule failed", rule=name, side=side, reason=reason)
        raise RuleFailed(
            f"The rule {name} failed on the {side} side; the log says why. Mend it, or ask about the rules beside it."
        )
    await run(connection, SQL["keep_outcome"], {**values, "side": side})
    alerts = await alerting(connection)
    await run(connection, SQL["keep_cases"], {**values, "side": side, "alerting": alerts, "otherwise": NOBODY})


async def lay_out(connection: Connection, draft: Draft, question: Question) -> None:
    """Put the draft's records in the place of the live ones with their keys. Raises SettingsError with what does not fit."""
    named = await references(connection, draft)
    homes = await sources(connection, draft)
    for noun in [noun for noun in DRAFTED if draft.records.get(noun) or draft.removed.get(noun)]:
        await step(connection, noun)
        shape = SHAPES[DRAFTED[noun]]
        rows: list[Row] = []
        for record in draft.records.get(noun, ()):
            key = shape.key(record)
            rows.append(shape.row(record, (homes[noun, key], key, 0, question.at), named))
        await upsert_staged(connection, shape.table, rows)
        if noun in REMOVED:
            keys = list(draft.removed.get(noun, ()))
            await run(connection, SQL[REMOVED[noun]], {"keys": keys, "at": question.at})
    if draft.version is not None:
        values = {"version": draft.version, "from_day": question.from_day}
        await run(connection, SQL["drafted"], values)
        await run(connection, SQL["brought_forward"], values)


async def references(connection: Connection, draft: Draft) -> Mapping[Reference, int]:
    """Return what the draft's records refer to. Raises SettingsError for the first that is not known."""
    wanted = sorted(
        {(noun, key) for _, record in records_of(draft) for _, (noun, key) in SHAPES[type(record)].references(record)}
    )
    found = {
        (row["noun"], row["key"]): row["id"]
        for row in await fetch(connection, "named", nouns=[noun for noun, _ in wanted], keys=[key for _, key in wanted])
    }
    for noun, record in records_of(draft):
        for field, (kind, key) in SHAPES[type(record)].references(record):
            if (kind, key) not in found:
                what = f"{noun.replace('_', ' ')} {SHAPES[type(record)].key(record)}"
                raise SettingsError(f"The draft's {what} names a {kind} {key!r} in {field} that the hub does not know.")
    return found


async def sources(connection: Connection, draft: Draft) -> Mapping[tuple[str, str], int]:
    """Return the source each drafted row stands under: that of the live row it replaces. Raises SettingsError for two."""
    pairs = [(noun, SHAPES[type(record)].key(record)) for noun, record in records_of(draft)]
    rows = await fetch(connection, "known_rows", nouns=[noun for noun, _ in pairs], keys=[key for _, key in pairs])
    homes = {}
    for row in rows:
        if len(row["sources"]) > 1:
            what = f"{row['noun'].replace('_', ' ')} {row['key']}"
            raise SettingsError(
                f"Two sources have a {what}, so that nobody can tell which the draft replaces; use another key."
            )
        homes[row["noun"], row["key"]] = row["sources"][0]
    newcomers = await connection.fetchval(SQL["newcomers"].sql)
    if newcomers is None:
        raise SettingsError("The hub holds no records yet; import or sync some before trying a policy on them.")
    return {pair: homes.get(pair, newcomers) for pair in pairs}


def records_of(draft: Draft) -> Iterator[tuple[str, CanonicalRecord]]:
    """Yield every drafted record with its noun."""
    for noun in DRAFTED:
        for record in draft.records.get(noun, ()):
            yield noun, record


async def fetch(connection: Connection, name: str, **values: object) -> list[Any]:
    """Return the rows of a statement."""
    one = SQL[name]
    rows: list[Any] = await connection.fetch(one.sql, *one.arguments(values))
    return rows


async def table(connection: Connection, name: str) -> list[Mapping[str, Any]]:
    """Return the rows of a statement as they are kept."""
    return [dict(row) for row in await connection.fetch(SQL[name].sql)]


async def step(connection: Connection, name: str) -> None:
    """Run the statements under one name, which take no parameters."""
    await connection.execute(SQL[name].sql)


SQL = read_statements(FOLDER / "backtest.sql")
