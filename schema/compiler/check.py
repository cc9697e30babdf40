"""What must hold of the catalogue before anything is served: every field can be read, and what is never null is never null."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_non_null_type,
)

from hub.errors import SettingsError
from hub.store.base import Row as StoredRow
from hub.store.database import MODELS
from schema.compiler.catalog import Column, Count, Figure, Lookup, Part, Values, Whole, declaration, roles_of
from schema.compiler.emit import Tables
from schema.compiler.policy import PRIVATE, ROWS, WITH

NAMED = re.compile(r"\{((?:owner\.)?\w+)\}")
# Reading a table is for the emitter, which adds who may see it. A row may only ask the one it belongs to.
READS = re.compile(r"\b(?:FROM|JOIN)\s+(?!unnest|json|LATERAL|ROWS)(\w+)", re.IGNORECASE)
BELONGS_TO = {"sync_run", "stream"}


def check(tables: Tables) -> None:
    """Raise SettingsError for the first thing that is wrong with the catalogue."""
    not_null = columns_never_null()
    for name, table in tables.by_type.items():
        if not any(name in policy for policy in (ROWS, PRIVATE, WITH)):
            raise SettingsError(f"Nobody has said who sees a {name}; add it to schema/compiler/policy.py.")
        if table.name not in not_null:
            raise SettingsError(f"{name} rests in {table.name}, which is no table of the hub.")
    for kind, fields in compiled_types(tables):
        never = never_null(tables, kind.name, not_null)
        for name, field in fields.items():
            wrong = problem(field, never)
            if wrong:
                raise SettingsError(f"{kind.name}.{name} {wrong}.")


def never_null(tables: Tables, kind: str, not_null: Mapping[str, set[str]]) -> set[str]:
    """Return the columns of a type that are never null, those of the row it is part of among them."""
    if kind not in tables.by_type:
        return set()
    table = tables.by_type[kind]
    owner = not_null[tables.by_type[table.owner.kind].name] if table.owner else set()
    return not_null[table.name] | {f"owner.{name}" for name in owner}


def compiled_types(tables: Tables) -> Iterator[tuple[GraphQLObjectType, dict[str, GraphQLField]]]:
    """Yield the types that compiled fields lead to, with their fields; of Query only what is compiled."""
    query = tables.schema.query_type
    assert query is not None
    waiting: list[GraphQLObjectType] = [tables.object(name) for name in tables.by_type]
    waiting += targets({name: field for name, field in query.fields.items() if declaration(field) is not None})
    seen: set[str] = set()
    while waiting:
        kind = waiting.pop()
        if kind.name not in seen:
            seen.add(kind.name)
            waiting += targets(kind.fields)
            yield kind, kind.fields


def targets(fields: dict[str, GraphQLField]) -> list[GraphQLObjectType]:
    found = (get_named_type(field.type) for field in fields.values())
    return [kind for kind in found if isinstance(kind, GraphQLObjectType)]


def problem(field: GraphQLField, never_null: set[str]) -> str | None:
    """Return what is wrong with a field of a compiled type; None when nothing is."""
    source = declaration(field)
    if source is None:
        return "is not in the catalogue: declare it with column(), one() or another of its words"
    required = is_non_null_type(field.type)
    if required and roles_of(field) is not None:
        return "may be hidden from some, so it cannot be non-null"
    if is_leaf_type(get_named_type(field.type)) and not isinstance(source, Column | Figure | Count | Whole):
        return "is a leaf, so it needs column() or figure()"
    if isinstance(source, Column):
        table = next((name for name in READS.findall(source.sql) if name not in BELONGS_TO), None)
        if table is not None:
            return f"reads the table {table} by itself; use one(), many() or figure()"
        if required and not source.always and not set(NAMED.findall(source.sql)) <= never_null:
            return "is non-null, but what it is made of may be null"
    if isinstance(source, Figure) and required and not source.always:
        return "is non-null, but what it counts may give null"
    if isinstance(source, Part) and required and source.when is not None:
        return "is non-null, but is not there in every row"
    if isinstance(source, Values) and READS.search(source.source):
        return "unfolds a table; use many()"
    if isinstance(source, Lookup):
        return None
    return None


def columns_never_null() -> dict[str, set[str]]:
    """Return the columns of each table that the database keeps from being null."""
    for module in MODELS:
        import_module(module)
    found: dict[str, set[str]] = {}
    waiting = [StoredRow]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        table = model._meta.db_table
        if table:
            found[table] = {name for name, field in model._meta.fields_map.items() if not field.null}
    return found
