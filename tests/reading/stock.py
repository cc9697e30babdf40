"""Documents answered by graphql-core's own executor over the plain reading, and the part of the schema that it covers."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    ExecutionResult,
    FieldDefinitionNode,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SelectionSetNode,
    TypeNode,
    build_ast_schema,
    execute_sync,
    get_named_type,
    is_leaf_type,
    is_list_type,
    parse,
    print_ast,
)
from graphql.execution.values import get_argument_values
from graphql.type import get_nullable_type

from schema.compiler.catalog import declaration
from schema.context import Role
from schema.root import sdl
from tests.reading.answer import (
    ABOUT,
    FIELDS,
    LISTS,
    ONLY_FOR,
    Figures,
    Page,
    Reading,
    Thing,
    declared,
    part_of,
    read_id,
    stored,
    written,
)
from tests.reading.sight import TABLES

FIGURES = {
    "OrderAggregates": {"count", "total", "firstPlacedAt", "lastPlacedAt", "groupBy"},
    "OrderGroup": {"key", "count", "total", "suppressed"},
    "ConflictAggregates": {"count", "maxScore", "valueAtRisk", "groupBy"},
    "ConflictGroup": {"key", "count", "maxScore", "suppressed"},
    "InventoryAggregates": {"count", "onHandBaseUnits", "availableBaseUnits", "oldestCountedAt"},
}
# Objects that are part of a row.
PARTS = {"ExternalRef", "Money", "Quantity", "SourceWatermark", "SyncInfo", "Tag"}
# What the clock or a payload decides.
OTHERS = {("SyncInfo", "raw"), ("SyncInfo", "stream")}


def covered(kind: str, field: str) -> bool:
    """Tell whether the plain reading answers a field."""
    if kind == "Query":
        return field in ("node", "nodes") or (kind, field) in LISTS
    if kind.endswith(("Connection", "Edge")) or kind == "PageInfo":
        return True
    if kind in FIGURES:
        return field in FIGURES[kind]
    if kind == "Node":
        return field == "id"
    if (kind, field) in FIELDS or (kind, field) in LISTS:
        return True
    if (kind not in TABLES and kind not in PARTS) or (kind, field) in OTHERS:
        return False
    return stored(kind, field) is not None or part_of(kind, field) is not None


@cache
def narrow() -> str:
    """Return the SDL of what the plain reading covers."""
    return print_ast(narrowed(parse(sdl())))


def narrowed(whole: DocumentNode) -> DocumentNode:
    types = {one.name.value: one for one in whole.definitions if hasattr(one, "name")}
    kept: dict[str, Any] = {}
    waiting = ["Query", *TABLES]
    while waiting:
        name = waiting.pop()
        if name in kept or name not in types:
            continue
        kept[name] = cut(types[name])
        waiting += named_in(kept[name])
    return DocumentNode(definitions=tuple(kept.values()))


def leads_somewhere(kind: str, field: FieldDefinitionNode) -> bool:
    """Tell whether a field is covered, and what it leads to."""
    target = name_of(field.type)
    known = target in TABLES or target in PARTS or target in FIGURES or target in ("PageInfo", "Node")
    return covered(kind, field.name.value) and (known or target in leaves() or target.endswith(("Connection", "Edge")))


@cache
def leaves() -> set[str]:
    found = {
        one.name.value for one in parse(sdl()).definitions if isinstance(one, ScalarTypeDefinitionNode | EnumTypeDefinitionNode)
    }
    return found | {"ID", "String", "Int", "Float", "Boolean"}


def name_of(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]
    return node.name.value


def cut(node: Any) -> Any:
    """Return a definition without what is not covered."""
    name = node.name.value
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        fields = tuple(bare(one) for one in node.fields or () if leads_somewhere(name, one))
        interfaces = tuple(one for one in node.interfaces or () if one.name.value == "Node")
        return type(node)(name=node.name, fields=fields, interfaces=interfaces, directives=())
    if isinstance(node, InputObjectTypeDefinitionNode):
        inputs = tuple(one for one in node.fields or () if asked_about(name, one))
        return InputObjectTypeDefinitionNode(name=node.name, fields=inputs, directives=())
    return node


def bare(field: FieldDefinitionNode) -> FieldDefinitionNode:
    return FieldDefinitionNode(name=field.name, arguments=field.arguments, type=field.type, directives=())


def asked_about(kind: str, field: InputValueDefinitionNode) -> bool:
    """Tell whether the plain reading knows what a condition is about."""
    name = field.name.value
    about = declaration(declared().type_map[kind].fields[name])  # type: ignore[attr-defined]
    return about is None or (kind, name) in ABOUT or stored(kind, name) is not None


def named_in(node: Any) -> Iterator[str]:
    for field in getattr(node, "fields", None) or ():
        yield name_of(field.type)
        for argument in getattr(field, "arguments", None) or ():
            yield name_of(argument.type)
    for interface in getattr(node, "interfaces", None) or ():
        yield interface.name.value


@cache
def stock_schema() -> GraphQLSchema:
    """Return the covered schema as graphql-core alone makes it: enums are their names, scalars are text."""
    return build_ast_schema(parse(narrow()))


# -- resolving


def answered(reading: Reading, document: str) -> tuple[Any, list[tuple[str, str | None]]]:
    """Return data and sorted errors, each as its code and field."""
    result = execute_sync(
        stock_schema(),
        parse(document),
        root_value=Thing("Query", {}),
        context_value=reading,
        field_resolver=resolve,
        type_resolver=lambda thing, *_: thing.kind,
    )
    assert isinstance(result, ExecutionResult)
    errors = []
    for error in result.errors or ():
        if not error.extensions:
            raise error.original_error or error
        errors.append((error.extensions["code"], error.extensions.get("field")))
    return result.data, sorted(errors + [("FORBIDDEN", one) for one in reading.denied], key=str)


def resolve(thing: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
    reading: Reading = info.context
    kind, field = info.parent_type.name, info.field_name
    if kind == "Query":
        reading.denied |= refused(reading, info)
    if (kind, field) in ONLY_FOR and reading.sight.viewer.role not in ONLY_FOR[kind, field]:
        return None
    target = get_named_type(info.return_type)
    value = found(reading, thing, kind, field, target.name, given)
    return written(target, kind, field, value) if is_leaf_type(target) else value


def found(reading: Reading, thing: Any, kind: str, field: str, target: str, given: dict[str, Any]) -> Any:
    """Return the value of a field before it is written."""
    if isinstance(thing, Page):
        return thing.field(field)
    if isinstance(thing, Figures):
        return thing.field(field, given.get("dimensions", ()), given.get("first", 20))
    if field == "node" and kind == "Query":
        return by_id(reading, given["id"])
    if field == "nodes" and kind == "Query":
        return [by_id(reading, one) for one in given["ids"]]
    if (kind, field) in LISTS:
        listed = stock_schema().type_map[kind].fields[field]  # type: ignore[attr-defined]
        condition = listed.args.get("filter")
        return Page(reading, (kind, field), condition and get_named_type(condition.type).name, thing, given)
    if (kind, field) in FIELDS:
        return FIELDS[kind, field](reading, thing)
    if kind in ("PageInfo", "Edge") or kind.endswith("Edge"):
        return thing[field]
    parts = part_of(kind, field)
    if parts is not None:
        columns, optional = parts
        row = {name: thing[column] for name, column in columns.items()}
        return None if optional and None in row.values() else Thing(target, row)
    value = thing[stored(kind, field) or ""]
    return reading.one(target, value) if target in TABLES else value


def by_id(reading: Reading, text: str) -> Thing | None:
    """Return what a global id names; what was deleted is gone."""
    kind, number = read_id(text)
    if kind not in {one.name for one in stock_schema().get_possible_types(stock_schema().type_map["Node"])}:  # type: ignore[arg-type]
        return None
    found = reading.one(kind, number)
    return found if found is not None and found in reading.all(kind) else None


# -- what is refused before anything is read


def refused(reading: Reading, info: GraphQLResolveInfo[Any]) -> set[str]:
    """Return what is selected below a root field and not for the viewer. Raises what is asked about and not for it."""
    role = reading.sight.viewer.role
    denied: set[str] = set()

    def ordered(kind: str, given: dict[str, Any], path: tuple[str, ...]) -> None:
        for one in given.get("orderBy") or ():
            if role not in ONLY_FOR.get((kind, one["field"]), {role}):
                raise forbidden(".".join((*path, "orderBy")))

    def filtered(kind: str, asked: dict[str, Any], path: tuple[str, ...]) -> None:
        for name, value in asked.items():
            if value is None:
                continue
            if role not in ONLY_FOR.get((kind, name), {role}):
                raise forbidden(".".join((*path, name)))
            if name in ("and", "or"):
                for place, one in enumerate(value):
                    filtered(kind, one, (*path, name, str(place)))
            elif name == "not":
                filtered(kind, value, (*path, name))

    def walk(kind: GraphQLObjectType, selection: SelectionSetNode, path: tuple[str, ...], named: set[str]) -> None:
        for node in selection.selections:
            if isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else kind.name
                if condition in named or condition == kind.name:
                    walk(stock_schema().type_map[condition], node.selection_set, path, {condition})  # type: ignore[arg-type]
            elif isinstance(node, FieldNode) and not node.name.value.startswith("__"):
                field(kind, node, path)

    def field(kind: GraphQLObjectType, node: FieldNode, path: tuple[str, ...]) -> None:
        definition = kind.fields[node.name.value]
        here = (*path, node.alias.value if node.alias else node.name.value)
        if role not in ONLY_FOR.get((kind.name, node.name.value), {role}):
            denied.add(".".join(here))
            return
        given = get_argument_values(definition, node)
        if (kind.name, node.name.value) in LISTS:
            ordered(LISTS[kind.name, node.name.value][0], given, here)
            if given.get("filter") is not None:
                filtered(get_named_type(definition.args["filter"].type).name, given["filter"], ("filter",))
        named = {read_id(one)[0] for one in given.get("ids", [given["id"]] if "id" in given else [])}
        inside = (*here, "*") if is_list_type(get_nullable_type(definition.type)) else here
        if node.selection_set:
            walk(get_named_type(definition.type), node.selection_set, inside, named)

    for node in info.field_nodes:
        field(info.parent_type, node, ())
    return denied


def forbidden(field: str) -> GraphQLError:
    return GraphQLError("Not for this role.", extensions={"code": "FORBIDDEN", "field": field})


ONLY_FOR |= {
    ("Conflict", "watermarks"): {Role.ADMIN, Role.ANALYST, Role.SERVICE, Role.CHANNEL_MANAGER},
    **dict.fromkeys((("Customer", name) for name in ("email", "phone", "taxId")), ONLY_FOR["CustomerFilter", "email"]),
}
