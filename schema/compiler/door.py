"""Runs compiled statements: one per root field, all of an operation on one state of the data.

The JSON the database made goes out as it is.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from asyncpg import InterfaceError, PostgresError
from graphql import GraphQLError, GraphQLField
from strawberry import Info

from hub import clock
from hub.store.database import Store
from schema.compiler import policy
from schema.compiler.cache import Plans
from schema.compiler.emit import Emitter, Tables
from schema.compiler.plan import Asked, Binding, FieldInfo, Plan, arguments
from schema.context import Execution, RequestContext, Viewer
from schema.errors import ErrorCode
from schema.ids import split_id
from schema.paging import cursor_key

TIMEOUT_S = 5.0


class Prebuilt:
    """JSON text that is already the complete value of a field, and the errors that belong to it."""

    __slots__ = ("errors", "json")

    def __init__(self, json: str, errors: Sequence[GraphQLError] = ()) -> None:
        self.json = json
        self.errors = errors

    def decode(self) -> Any:
        """Return the value as Python sees it."""
        return orjson.loads(self.json)


@dataclass
class Wanted:
    """A statement that waits for its turn."""

    plan: Plan
    values: list[object]
    answer: asyncio.Future[str | None]


class Reader:
    """Gathers the statements of one operation and runs them together.

    Root fields are resolved at the same time; those that are ready when the loop comes round share one connection, and when
    there are several, one snapshot.
    """

    def __init__(self, context: RequestContext) -> None:
        self.context = context
        self.waiting: list[Wanted] = []
        self.tasks: set[asyncio.Task[None]] = set()

    async def fetch(self, plan: Plan, values: list[object]) -> str | None:
        """Return the JSON of one statement; None when it found nothing."""
        loop = asyncio.get_running_loop()
        wanted = Wanted(plan, values, loop.create_future())
        if not self.waiting:
            loop.call_soon(self.start)
        self.waiting.append(wanted)
        return await wanted.answer

    def start(self) -> None:
        batch, self.waiting = self.waiting, []
        task = asyncio.get_running_loop().create_task(self.run(batch))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def run(self, batch: list[Wanted]) -> None:
        try:
            async with self.context.store.reading() as connection:
                if len(batch) == 1:
                    return await self.one(connection, batch[0])
                waiting = list(batch)
                while waiting:
                    await self.together(connection, waiting)
        except Exception as error:
            for wanted in batch:
                if not wanted.answer.done():
                    wanted.answer.set_exception(error)

    async def together(self, connection: Any, waiting: list[Wanted]) -> None:
        """Run statements on one snapshot until all are done or one fails; the failure is the answer to that one alone."""
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                while waiting:
                    await self.one(connection, waiting[0])
                    waiting.pop(0)
        except (PostgresError, InterfaceError, TimeoutError) as error:
            if not waiting or connection.is_closed():
                raise
            waiting.pop(0).answer.set_exception(error)

    async def one(self, connection: Any, wanted: Wanted) -> None:
        row = await connection.fetchrow(wanted.plan.sql, *wanted.values, timeout=TIMEOUT_S)
        self.fresh(row["watermark"], row["stale"])
        if not wanted.answer.done():
            wanted.answer.set_result(row["body"])

    def fresh(self, watermark: datetime | None, stale: bool) -> None:
        context = self.context
        if watermark is not None:
            context.watermark = min(watermark, context.watermark or watermark)
        context.stale = context.stale or stale


class Compiler:
    """Compiles the reads of one schema."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.plans = Plans()

    async def root(self, info: FieldInfo) -> Prebuilt | None:
        """Answer a root field that was declared in the catalogue."""
        definition = info.parent_type.fields[info.field_name]
        named = tuple(sorted(kinds_of(definition, info))) if info.field_name in ("node", "nodes") else ()
        path = (str(info.path.key),)
        return await self.answer(info, named, {}, lambda emitter: emitter.root(definition, list(info.field_nodes), path), path)

    async def rows(self, info: FieldInfo, kind: str, ids: Sequence[int]) -> Prebuilt:
        """Answer a field with the rows of these ids, in their order; null for each the viewer may not see."""
        path = tuple(step if isinstance(step, str) else "*" for step in info.path.as_list())
        given = {"kinds": [kind] * len(ids), "ids": list(ids)}

        def write(emitter: Emitter) -> str:
            kinds = emitter.bound("kinds", "text[]", lambda binding: binding.given["kinds"])
            numbers = emitter.bound("ids", "bigint[]", lambda binding: binding.given["ids"])
            return emitter.by_ids(list(info.field_nodes), path, {kind}, kinds, numbers)

        found = await self.answer(info, ("rows", kind), given, write, path)
        assert found is not None
        return found

    async def row(self, info: FieldInfo, kind: str, number: int) -> Prebuilt | None:
        """Answer a field with one row; None when the viewer may not see it."""
        path = tuple(step if isinstance(step, str) else "*" for step in info.path.as_list())

        def write(emitter: Emitter) -> str:
            wanted = emitter.bound("id", "bigint", lambda binding: binding.given["id"])
            return emitter.by_id(
                list(info.field_nodes), path, {kind}, f"(SELECT '{kind}'::text AS kind, {wanted} AS id) AS wanted"
            )

        return await self.answer(info, ("row", kind), {"id": number}, write, path)

    async def aside(self, viewer: Viewer, store: Store, given: dict[str, Any], write: Callable[[Emitter], str]) -> Any:
        """Return the value of a statement that no operation asks for, under the viewer's policy like every other."""
        asked = Asked({}, {})
        emitter = Emitter(self.tables, viewer, asked)
        plan = emitter.plan(write(emitter))
        binding = Binding(viewer, clock.now(), await cursor_key(store), asked, plan.sites, given)
        async with store.connection() as connection:
            row = await connection.fetchrow(plan.sql, *plan.bind(binding), timeout=TIMEOUT_S)
        return orjson.loads(row["body"])

    async def answer(
        self,
        info: FieldInfo,
        kinds: tuple[str, ...],
        given: dict[str, Any],
        write: Callable[[Emitter], str],
        path: tuple[str, ...],
    ) -> Prebuilt | None:
        """Find or make the plan, bind the values and run the statement."""
        context: RequestContext = info.context
        asked = Asked(info.fragments, info.variable_values)
        plan = self.plan(info, kinds, write)
        key = await cursor_key(context.store)
        binding = Binding(context.viewer, clock.now(), key, asked, plan.sites, given, context.points)
        body = await reader_of(context).fetch(plan, plan.bind(binding))
        context.executions.append(Execution(".".join(path), "compiled", 1))
        if plan.lasting and len(path) == 1:
            context.lasting.add(path[0])
        if body is None:
            return None
        return Prebuilt(body, [refusal(info, outer, pattern) for outer, pattern in plan.denied])

    def plan(self, info: FieldInfo, kinds: tuple[str, ...], write: Callable[[Emitter], str]) -> Plan:
        """Return the plan of a field, made if it is not there."""
        viewer: Viewer = info.context.viewer

        def make() -> Plan:
            emitter = Emitter(self.tables, viewer, Asked(info.fragments, info.variable_values))
            return emitter.plan(write(emitter))

        return self.plans.get(info, (policy.shape(viewer), kinds), make)

    async def scope(
        self, info: FieldInfo, kinds: tuple[str, ...], given: dict[str, Any], write: Callable[[Emitter], str]
    ) -> Hashable:
        """Return all of the viewer that an answer depends on: those for whom it is the same are told the same.

        Raises what reading would for a fault of the arguments.
        """
        viewer: Viewer = info.context.viewer
        plan = self.plan(info, kinds, write)
        key = await cursor_key(info.context.store)
        binding = Binding(viewer, clock.now(), key, Asked(info.fragments, info.variable_values), plan.sites, given)
        plan.bind(binding)
        return policy.shape(viewer), repr([slot(binding) for slot in plan.scope])


def kinds_of(definition: GraphQLField, info: FieldInfo) -> set[str]:
    """Return the types that the ids of `node` and `nodes` name."""
    given = arguments(definition, info.field_nodes[0], Asked(info.fragments, info.variable_values))
    return {split_id(text)[0] for text in given.get("ids", [given.get("id")])}


def refusal(info: FieldInfo, outer: tuple[str, ...], pattern: str) -> GraphQLError:
    """Return the error of a field the viewer may not read."""
    extensions = {"code": ErrorCode.FORBIDDEN.value, "field": pattern}
    message = f"Your role may not read `{pattern.rpartition('.')[2]}`."
    return GraphQLError(message, nodes=info.field_nodes, path=list(outer), extensions=extensions)


def reader_of(context: RequestContext) -> Reader:
    """Return the reader of an operation."""
    if context.reader is None:
        context.reader = Reader(context)
    return context.reader


COMPILER = "compiler"


async def read_rows(info: Info[RequestContext, None], kind: str, ids: Sequence[int]) -> Prebuilt:
    """Answer a resolver's field with rows of one type, in the order of the ids; for payloads and events."""
    raw: Any = info._raw_info
    compiler: Compiler = raw.schema.extensions[COMPILER]
    return await compiler.rows(raw, kind, ids)


async def read_row(info: Info[RequestContext, None], kind: str, number: int) -> Prebuilt | None:
    """Answer a resolver's field with one row; None when the viewer may not see it."""
    raw: Any = info._raw_info
    compiler: Compiler = raw.schema.extensions[COMPILER]
    return await compiler.row(raw, kind, number)
