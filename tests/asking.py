"""Documents made from the schema itself: everything that can be selected, down to a depth."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_non_null_type,
)

GIVEN = {
    "dimensions": "[{0}]", "id": '"UGFydG5lcjox"', "ids": '["UGFydG5lcjox"]',
    "fromDay": '"2025-06-01"', "toDay": '"2026-06-01"', "one": '"QmFja3Rlc3Q6MQ"', "other": '"QmFja3Rlc3Q6MQ"',
    "month": '"2026-03-01"', "partnerKind": "DISTRIBUTOR", "market": '"CN"',
}  # fmt: skip


def documents(schema: GraphQLSchema, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (root field, document) for each field of Query."""
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        yield name, f"query {name} {{ {selected(schema, name, field, depth, root=True)} }}"


def paths(schema: GraphQLSchema, depth: int) -> Iterator[str]:
    """Yield one document per list and per relation of what it lists: together, every path down to the depth."""
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        listed = getattr(get_named_type(field.type), "fields", {}).get("nodes")
        if listed is not None:
            kind = get_named_type(listed.type)
            assert isinstance(kind, GraphQLObjectType)
            for inner, relation in kind.fields.items():
                text = selected(schema, inner, relation, depth, lean=True)
                if text and not is_leaf_type(get_named_type(relation.type)):
                    yield f"{{ {name}(first: 50) {{ nodes {{ {text} }} }} }}"


def selected(
    schema: GraphQLSchema, name: str, field: GraphQLField, depth: int, *, root: bool = False, lean: bool = False
) -> str:
    """Return one field with everything below it; empty when there is nothing within the depth."""
    kind = get_named_type(field.type)
    if lean and name in ("edges", "pageInfo", "aggregates", "record"):
        return ""
    called = f"{name}{arguments(field, root)}"
    if is_leaf_type(kind):
        return called
    if depth == 0:
        return ""
    if isinstance(kind, GraphQLInterfaceType):
        inside = " ".join(
            f"... on {one.name} {{ {fields(schema, one, depth - 1, f'{one.name}_')} }}"
            for one in schema.get_possible_types(kind)
        )
        return f"{called} {{ __typename id {inside} }}"
    assert isinstance(kind, GraphQLObjectType)
    # The two levels of a connection are no further away than the items themselves.
    inner = depth if kind.name.endswith(("Connection", "Edge")) else depth - 1
    return f"{called} {{ __typename {fields(schema, kind, inner, lean=lean)} }}"


def fields(schema: GraphQLSchema, kind: GraphQLObjectType, depth: int, prefix: str = "", *, lean: bool = False) -> str:
    """Return all fields of an object. With a prefix under names of their own: those of two types may not agree."""
    found = []
    for name, field in kind.fields.items():
        text = selected(schema, name, field, depth, lean=lean)
        if text:
            found.append(f"{prefix}{name}: {text}" if prefix else text)
    return " ".join(found) or "__typename"


def arguments(field: GraphQLField, root: bool) -> str:
    """Return the arguments a field cannot do without."""
    found = []
    for name, argument in field.args.items():
        if name == "first" and not root and "after" in field.args:
            found.append("first: 3")
        elif is_non_null_type(argument.type) and name == "dimensions":
            kind = get_named_type(argument.type)
            assert isinstance(kind, GraphQLEnumType)
            found.append(f"dimensions: [{', '.join(list(kind.values)[:2])}]")
        elif is_non_null_type(argument.type) and name in GIVEN:
            found.append(f"{name}: {GIVEN[name]}")
    return f"({', '.join(found)})" if found else ""
