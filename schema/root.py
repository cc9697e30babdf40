"""The schema: what can be read, changed and followed, put together from the nouns."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import strawberry
from graphql import GraphQLField
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

import schema
from schema.compiler.catalog import Lookup, argument, declaration, declared, taking
from schema.compiler.check import check
from schema.compiler.door import COMPILER, Compiler, Prebuilt
from schema.compiler.emit import Tables
from schema.compiler.plan import FieldInfo
from schema.directives import ListSize
from schema.executor import HubExecutor
from schema.mutation import Mutation
from schema.node import Node
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.user_error import USER_ERRORS


@strawberry.type
class NodeQuery:
    node: Node | None = taking(
        declared("One object by its global id; null when it does not exist or the caller may not see it.", Lookup()),
        argument("id", strawberry.ID, "Global id."),
    )
    nodes: list[Node | None] = taking(
        declared(
            "Objects by their global ids, in the order of the ids; null for each that does not exist or may not be seen.",
            Lookup(),
            directives=[ListSize(slicing_arguments=["ids"])],
        ),
        argument("ids", list[strawberry.ID], "At most 100 global ids."),
    )


DESCRIPTION = "Everything that can be read. Every root field is nullable so that a refusal of one leaves the others intact."


def queries() -> tuple[type, ...]:
    """Return the part of Query that each noun's file holds: its class whose name ends in Query."""
    found = []
    for file in iter_modules(schema.__path__):
        if file.ispkg or file.name in ("__main__", "root", "app"):
            continue
        module = import_module(f"schema.{file.name}")
        found += [
            one
            for name, one in vars(module).items()
            if name.endswith("Query") and isinstance(one, type) and one.__module__ == module.__name__
        ]
    return tuple(found)


@cache
def build_schema() -> strawberry.Schema:
    """Return the schema. Raises SettingsError when a type cannot be read as it was declared."""
    query = merge_types("Query", (NodeQuery, *queries()))
    vars(query)["__strawberry_definition__"].description = DESCRIPTION
    made = strawberry.Schema(
        query,
        Mutation,
        Subscription,
        types=USER_ERRORS,
        config=StrawberryConfig(scalar_map=SCALARS),
        schema_directives=[],
        execution_context_class=HubExecutor,
    )
    core = made._schema
    tables = Tables(core)
    check(tables)
    compiler = core.extensions[COMPILER] = Compiler(tables)
    assert core.query_type is not None
    for field in core.query_type.fields.values():
        compiled(field, compiler)
    return made


def compiled(field: GraphQLField, compiler: Compiler) -> None:
    """Let the compiler answer a root field; Strawberry's own resolver would look for an attribute."""
    if declaration(field) is None:
        return

    async def resolve(_: Any, info: FieldInfo, **__: Any) -> Prebuilt | None:
        return await compiler.root(info)

    field.resolve = resolve


def sdl() -> str:
    """Return the schema as text, types sorted by name."""
    return print_schema(build_schema()) + "\n"
