"""Reads that no field of a query makes: events by their numbers, and what a mutation must know before it writes.

They pass through the same door and under the same policy as every other read.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type

from schema.compiler.conditions import condition
from schema.compiler.door import COMPILER, Compiler, Prebuilt
from schema.compiler.emit import Emitter
from schema.compiler.plan import arguments, collect
from schema.compiler.row import Row
from schema.ids import read_id

MOST_EVENTS = 100
MOST_CHANGES = 10
# So many events are looked at in one reading, seen or not.
STRETCH = 1_000


@dataclass(frozen=True)
class Followed:
    """A type of event: its topic, and the type of what it is about, of which it names `several` where it tells of changes."""

    topic: str
    kind: str
    several: bool = False

    @property
    def most(self) -> int:
        """How many events come in one reading."""
        return MOST_CHANGES if self.several else MOST_EVENTS


EVENTS = {
    "ConflictEvent": Followed("conflict", "Conflict"),
    "CaseEvent": Followed("case", "ConflictCase"),
    "SyncProgress": Followed("sync", "SyncRun"),
    "OrderChange": Followed("order", "Order", several=True),
    "InventoryChange": Followed("inventory", "InventoryLevel", several=True),
}
Read = tuple[list[Prebuilt], int]
# What tells a plan from others of its field, the values it is given, and how it is written.
Asking = tuple[tuple[str, ...], dict[str, Any], Callable[[Emitter], str]]


async def read_events(info: Any, kind: str, given: Mapping[str, int], *, present: bool = False) -> Read:
    """Return the next events of a type after `after` up to `upto`, by number: those the viewer may see and asked for.

    With them comes the number up to which that is all. The field's arguments choose: `filter` is about the subject, an id is
    that of the subject or of what it belongs to. With `present`, only the last event of each subject that is still under way.
    """
    compiler: Compiler = info.schema.extensions[COMPILER]
    found = await compiler.answer(info, *events_of(info, kind, given, present=present), (str(info.path.key),))
    assert found is not None
    near, events = found.decode()
    told = [Prebuilt(body, found.errors) for _, body in events or ()]
    return told, events[-1][0] if len(told) == EVENTS[kind].most else near


async def scope_of(info: Any, kind: str) -> Hashable:
    """Return all of the viewer that decides on events of a type; refuse arguments that could choose none."""
    compiler: Compiler = info.schema.extensions[COMPILER]
    return await compiler.scope(info, *events_of(info, kind, {"after": 0, "upto": 0}, present=False))


def events_of(info: Any, kind: str, given: Mapping[str, int], *, present: bool) -> Asking:
    """Return how events of a type are read."""
    definition = info.parent_type.fields[info.field_name]
    node, path = info.field_nodes[0], (str(info.path.key),)
    followed = EVENTS[kind]

    def write(emitter: Emitter) -> str:
        target = emitter.tables.object(kind)
        after = emitter.bound("after", "bigint", lambda binding: binding.given["after"])
        upto = emitter.bound("upto", "bigint", lambda binding: binding.given["upto"])
        row, tail = emitter.table(kind, None, [f"{{topic}} = '{followed.topic}'", *([LAST_UNDER_WAY] if present else [])])
        subject = Subject(emitter, followed, emitter.site(definition, node), arguments(definition, node, emitter.asked))
        tail += f" AND {row['number']} > {after} AND {row['number']} <= near.number"
        row, tail = subject.narrowed(row, tail)
        whole = emitter.json(target, collect(target, list(info.field_nodes), emitter.asked), row, path)
        event = emitter.alias("e")
        near = upto if present else f"coalesce({NEAR.format(topic=followed.topic, after=after, upto=upto)}, {upto})"
        return (
            f"(SELECT json_build_array(near.number, (SELECT json_agg(json_build_array({event}.number, {event}.body) "
            f"ORDER BY {event}.number) FROM (SELECT {row['number']} AS number, {whole}::text AS body {tail} "
            f"ORDER BY {row['number']} LIMIT {followed.most}) AS {event})) FROM (SELECT {near} AS number) AS near)"
        )

    return ("events", kind, str(present)), dict(given), write


async def may_resume(info: Any, kind: str, number: int) -> bool:
    """Say whether this event is still here for the viewer, and with it all that came after it.

    One that was never for the viewer is as one that never was: nobody learns by guessing that something happened.
    """

    def write(emitter: Emitter) -> str:
        row, tail = emitter.table(kind, None, [f"{{topic}} = '{EVENTS[kind].topic}'"])
        wanted = emitter.bound("number", "bigint", lambda binding: binding.given["number"])
        return f"(SELECT to_json(true) {tail} AND {row['number']} = {wanted})"

    return bool(await read(info, ("resume", kind), {"number": number}, write))


class Subject:
    """What the arguments of a subscription ask of the things an event is about."""

    def __init__(self, emitter: Emitter, followed: Followed, site: int, given: Mapping[str, Any]) -> None:
        self.emitter, self.followed, self.site, self.given = emitter, followed, site, given
        self.definition = emitter.sites[site].definition

    def narrowed(self, event: Row, tail: str) -> tuple[Row, str]:
        """Return the events that tell of something wanted; of several things they name those alone."""
        kind, alias = self.followed.kind, event["row"]
        if not self.followed.several:
            other, source = self.emitter.table(kind, event, ["{id} = {up.subject_id}"], live=False)
            asked = self.all_asked(kind, other)
            return event, tail + (f" AND EXISTS (SELECT 1 {source}{asked})" if asked else "")
        live = self.emitter.tables.by_type[kind].live
        other, source = self.emitter.table(
            kind, event, ["{id} = ANY({up.subject_ids})", f"{{deleted_at}} IS NOT NULL OR {live}"], live=False
        )
        wanted = f"SELECT array_agg({other['id']}) {source}{self.all_asked(kind, other)}"
        # OFFSET 0 keeps PostgreSQL from asking again wherever the ids are named.
        inner = f"SELECT {alias}.*, ({wanted}) AS wanted {tail} ORDER BY {event['number']} OFFSET 0"
        named = Row(self.emitter, alias, None, {"subject_ids": f"{alias}.wanted"})
        return named, f"FROM ({inner}) AS {alias} WHERE {alias}.wanted IS NOT NULL"

    def all_asked(self, kind: str, row: Row) -> str:
        """Return what all arguments ask, as further conditions."""
        return "".join(f" AND {one}" for name in self.given for one in self.asked(name, kind, row))

    def asked(self, name: str, kind: str, row: Row) -> list[str]:
        """Return what one argument asks."""
        if name == "filter":
            target = get_named_type(self.definition.args[name].type)
            assert isinstance(target, GraphQLInputObjectType)
            return [f"({condition(self.emitter, target, self.given[name], row, self.site, (name,))})"]
        if name not in COLUMNS:
            return []
        column, named = COLUMNS[name]
        wanted = self.emitter.argument(self.site, (name,), "bigint", lambda value: read_id(value, named))
        return [f"{row[column]} = {wanted}"]


# The place of the last event to look at in one reading.
NEAR = (
    "(SELECT max(ahead.number) FROM (SELECT one.number FROM event AS one WHERE one.topic = '{topic}' "
    f"AND one.number > {{after}} AND one.number <= {{upto}} ORDER BY one.number LIMIT {STRETCH}) AS ahead)"
)
LAST_UNDER_WAY = (
    "{number} IN (SELECT max(told.number) FROM event AS told JOIN sync_run AS run ON run.id = told.subject_id "
    "WHERE told.topic = 'sync' AND run.finished_at IS NULL GROUP BY told.subject_id)"
)
COLUMNS = {"caseId": ("id", "ConflictCase"), "sourceId": ("source_id", "Source"), "runId": ("id", "SyncRun")}


async def read_seen(info: Any, kind: str, ids: Sequence[int]) -> frozenset[int]:
    """Return which rows of a type the viewer may see."""

    def write(emitter: Emitter) -> str:
        wanted = emitter.bound("ids", "bigint[]", lambda binding: binding.given["ids"])
        row, tail = emitter.table(kind, None, [])
        return f"(SELECT json_agg({row['id']}) {tail} AND {row['id']} = ANY({wanted}))"

    return frozenset(await read(info, ("seen", kind), {"ids": list(ids)}, write) or ())


async def read_matches(info: Any, kind: str, by: str, ids: str) -> dict[int, int]:
    """Return how many rows of a type match the `filter` of the field's `input`, or are named by its `ids`, by a column."""
    definition, node = info.parent_type.fields[info.field_name], info.field_nodes[0]
    shape = get_named_type(definition.args["input"].type)
    assert isinstance(shape, GraphQLInputObjectType)
    target = get_named_type(shape.fields["filter"].type)
    assert isinstance(target, GraphQLInputObjectType)

    def write(emitter: Emitter) -> str:
        row, tail = emitter.table(kind, None, [])
        site, given = emitter.site(definition, node), arguments(definition, node, emitter.asked)["input"]
        if given.get("filter") is not None:
            tail += f" AND ({condition(emitter, target, given['filter'], row, site, ('input', 'filter'))})"
        else:
            named = emitter.argument(site, ("input", ids), "bigint[]", lambda texts: [read_id(text, kind) for text in texts])
            tail += f" AND {row['id']} = ANY({named})"
        return (
            "(SELECT json_agg(json_build_array(found.value, found.n)) "
            f"FROM (SELECT {row[by]} AS value, count(*) AS n {tail} GROUP BY 1) AS found)"
        )

    return dict(await read(info, ("matches", kind), {}, write) or ())


async def read(info: Any, key: tuple[str, ...], given: dict[str, Any], write: Callable[[Emitter], str]) -> Any:
    """Return the value of one statement."""
    compiler: Compiler = info.schema.extensions[COMPILER]
    found = await compiler.answer(info, key, given, write, (str(info.path.key),))
    return None if found is None else found.decode()
