"""Reads that no field of a query makes: events by their numbers, and what a mutation must know before it writes.

They pass through the same door and under the same policy as every other read.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLInputObjectType, get_named_type

from schema.compiler.conditions import condition
from schema.compiler.door import COMPILER, Compiler, Prebuilt
from schema.compiler.emit import Emitter
from schema.compiler.plan import arguments, collect
from schema.compiler.row import Row
from schema.ids import read_id

MOST_EVENTS = 100


async def read_events(info: Any, kind: str, given: Mapping[str, int], *, present: bool = False) -> list[tuple[int, Prebuilt]]:
    """Return up to 100 events of a type after `after` up to `upto`, by number: those the viewer may see and asked for.

    The field's arguments choose: `filter` is about the subject, an id is that of the subject or of what it belongs to.
    With `present`, only the last event of each subject that is still under way.
    """
    compiler: Compiler = info.schema.extensions[COMPILER]
    definition = info.parent_type.fields[info.field_name]
    node, path = info.field_nodes[0], (str(info.path.key),)

    def write(emitter: Emitter) -> str:
        target = emitter.tables.object(kind)
        after = emitter.bound("after", "bigint", lambda binding: binding.given["after"])
        upto = emitter.bound("upto", "bigint", lambda binding: binding.given["upto"])
        topic, _ = SUBJECTS[kind]
        row, tail = emitter.table(kind, None, [f"{{topic}} = '{topic}'", *([LAST_UNDER_WAY] if present else [])])
        subject = Subject(emitter, emitter.site(definition, node), arguments(definition, node, emitter.asked))
        tail += f" AND {row['number']} > {after} AND {row['number']} <= {upto}{subject.wanted(target, row)}"
        whole = emitter.json(target, collect(target, list(info.field_nodes), emitter.asked), row, path)
        event = emitter.alias("e")
        return (
            f"(SELECT json_agg(json_build_array({event}.number, {event}.body) ORDER BY {event}.number) FROM "
            f"(SELECT {row['number']} AS number, {whole}::text AS body {tail} "
            f"ORDER BY {row['number']} LIMIT {MOST_EVENTS}) AS {event})"
        )

    found = await compiler.answer(info, ("events", kind, str(present)), dict(given), write, path)
    if found is None:
        return []
    return [(number, Prebuilt(body, found.errors)) for number, body in orjson.loads(found.json)]


class Subject:
    """What the arguments of a subscription ask of the thing an event is about."""

    def __init__(self, emitter: Emitter, site: int, given: Mapping[str, Any]) -> None:
        self.emitter, self.site, self.given = emitter, site, given
        self.definition = emitter.sites[site].definition

    def wanted(self, event: Any, row: Row) -> str:
        """Return the condition on an event's row, empty when all are wanted."""
        _, kind = SUBJECTS[event.name]
        other, tail = self.emitter.table(kind, row, ["{id} = {up.subject_id}"], live=False)
        asked = [one for name in self.given for one in self.asked(name, kind, other)]
        return f" AND EXISTS (SELECT 1 {tail} AND {' AND '.join(asked)})" if asked else ""

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


# The topic of a type of event, and the type of what it is about.
SUBJECTS = {
    "ConflictEvent": ("conflict", "Conflict"),
    "CaseEvent": ("case", "ConflictCase"),
    "SyncProgress": ("sync", "SyncRun"),
}
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
