"""What an operation costs: the most before it runs, and what came back."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_ast_schema,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
    validate,
    value_from_ast_untyped,
)
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import queries

from schema.context import Role, Viewer
from schema.cost import INTROSPECTION, PARTS, Price
from schema.documents import Documents
from schema.root import build_schema, sdl
from tests.furnished import furnish
from tests.rows import Rows
from tests.schema.test_generated import SCALARS, sensible
from tests.test_docs import documents as documents_of_pages

READ = Documents(build_schema()._schema, suggestions=True)


def price(document: str, /, **variables: Any) -> Price:
    return READ.get(document).price(None, variables)


def most(document: str, /, **variables: Any) -> int:
    return price(document, **variables).requested


COSTS = {
    "{ viewer { locale } }": 1,
    "{ viewer { actor { displayName } } }": 2,
    "{ orders { nodes { id } } }": 2 + 20,
    "{ orders(first: 10) { nodes { id partner { id } } } }": 2 + 10 * 2,
    "{ orders(last: 10) { edges { cursor node { id } } } }": 2 + 10,
    "{ orders(first: 1) { totalCount countIsExact pageInfo { hasNextPage } } }": 2 + 5 + 1,
    "{ orders(first: 10) { nodes { lines(first: 4) { nodes { id quantity { value } } } } } }": 2 + 10 * (1 + 2 + 4 * 2),
    "{ orders(first: 3) { nodes { id } ... { nodes { id number } } edges { node { id } } } }": 2 + 3 + 3,
    "{ orders(first: 1) { aggregates { count } } }": 2 + 10,
    "{ orders(first: 1) { aggregates { groupBy(dimensions: [STATE], first: 7) { count } } } }": 2 + 10 + 10 + 7,
    "{ orders(first: 2) { nodes { externalRefs { externalId } } } }": 2 + 2 * (1 + PARTS),
    '{ nodes(ids: ["a", "b"]) { id ... on Order { partner { id } } ... on Partner { id } } }': 2 * 2,
    "{ orders(first: 5) { nodes { ...Part } } } fragment Part on Order { id partner { ...Inner } } "
    "fragment Inner on Partner { id region { id } }": 2 + 5 * 3,
    "{ a: orders(first: 1) { nodes { id } } b: orders(first: 1) { nodes { id } } }": 6,
    "{ orders(first: 10) @skip(if: true) { nodes { id } } viewer { locale @include(if: false) } }": 1,
    'mutation { revokeToken(input: { accessTokenId: "x" }) { accessToken { id } } }': 10 + 1,
    'mutation { requestSync(input: { sourceId: "x", idempotencyKey: "k" }) { runs { id } } }': 50 + PARTS,
    "subscription { conflictEvents { eventId conflict { id } } }": 2,
    "{ __typename }": 0,
    "{ __schema { types { name } } }": INTROSPECTION,
}


@pytest.mark.parametrize("document", COSTS)
def test_what_an_operation_may_cost(document: str) -> None:
    assert validate(build_schema()._schema, parse(document)) == []
    assert most(document) == COSTS[document]


SIZED = "query ($n: Int = 7, $with: Boolean = true) { orders(first: $n) { nodes { id partner @include(if: $with) { id } } } }"


def test_variables_say_how_much_is_asked_for() -> None:
    assert most(SIZED) == 2 + 7 * 2
    assert most(SIZED, n=10) == 2 + 10 * 2
    assert most(SIZED, n=10.0, **{"with": False}) == 2 + 10
    assert most("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a"] * 3) == 3


def test_a_size_that_is_not_known_is_the_largest_page() -> None:
    for unknown in (None, "3", -1, True, [None] * 100):
        assert most(SIZED, n=unknown) in (2 + 100 * 2, 2 + 1 * 2)
    assert most(SIZED, n=None) == 2 + 100 * 2
    assert most(SIZED, n=0) == 2
    assert most(SIZED, n=10**9) == 2 + 200 * 2


def test_a_known_price_is_not_computed_again() -> None:
    assert price(SIZED, n=3) is price(SIZED, n=3, other="x")


def test_the_usual_introspection_costs_little() -> None:
    assert most(get_introspection_query()) == INTROSPECTION


@pytest.mark.parametrize("document", [*documents_of_pages()])
def test_what_the_pages_show_may_be_asked_by_everybody(document: str) -> None:
    operation = READ.get(document)
    assert all(operation.price(name, None).requested <= 5_000 for name in operation.operations)


def test_braces_in_texts_cost_a_little_and_never_more_than_was_asked_for() -> None:
    data: Any = {"orders": {"nodes": [{"id": '{"id":', "number": '"{"nodes":'}, {"id": "2", "number": ""}]}}
    many, few = price("{ orders(first: 10) { nodes { id number } } }"), price("{ orders(first: 2) { nodes { id number } } }")
    assert many.actual(data, orjson.dumps(data)) == 2 + 2 + 2
    assert few.actual(data, orjson.dumps(data)) == few.requested == 2 + 2


def test_a_root_field_that_failed_costs_what_was_asked_for() -> None:
    one = price("{ a: orders(first: 10) { nodes { id } } b: orders(first: 3) { nodes { id } } }")
    data: Any = {"a": None, "b": {"nodes": []}}
    assert one.actual(data, orjson.dumps(data)) == 12 + 2


# -- against a plain reading of the printed schema

PLAIN = build_ast_schema(parse(sdl()))
Nodes = list[FieldNode]


def directive(node: Any, name: str) -> dict[str, Any] | None:
    """Return the arguments of a directive as they are printed."""
    for one in node.directives or ():
        if one.name.value == name:
            return {argument.name.value: value_from_ast_untyped(argument.value) for argument in one.arguments or ()}
    return None


def merged(schema: GraphQLSchema, kind: GraphQLNamedType, sets: list[SelectionSetNode]) -> dict[str, Nodes]:
    """Return what is selected of an object by response key."""
    found: dict[str, Nodes] = {}
    for one in sets:
        for node in one.selections:
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                wanted = kind if condition is None else schema.type_map[condition.name.value]
                if wanted is kind or schema.is_sub_type(wanted, kind):  # type: ignore[arg-type]
                    for key, nodes in merged(schema, kind, [node.selection_set]).items():
                        found.setdefault(key, []).extend(nodes)
    return found


def asked(kind: GraphQLNamedType, sets: list[SelectionSetNode], sizes: Mapping[str, int], values: Any = None) -> int:
    """Return what selections cost at most, or, with the values that came back, what those cost."""
    if not isinstance(kind, GraphQLObjectType):
        return max(asked(one, sets, sizes) for one in PLAIN.get_possible_types(kind))  # type: ignore[arg-type]
    total = 0
    for key, nodes in merged(PLAIN, kind, sets).items():
        name = nodes[0].name.value
        if not name.startswith("__"):
            total += field_costs(kind, name, nodes, sizes, None if values is None else (values[key],))
    return total


def field_costs(kind: GraphQLObjectType, name: str, nodes: Nodes, sizes: Mapping[str, int], came: Any) -> int:
    definition = kind.fields[name]
    target = get_named_type(definition.type)
    declared = directive(definition.ast_node, "cost")
    weight = int(declared["weight"]) if declared else 0
    if is_leaf_type(target):
        return weight
    inner = [node.selection_set for node in nodes if node.selection_set]
    size = directive(definition.ast_node, "listSize") or {"assumedSize": PARTS}
    given_sizes = [
        len(value) if isinstance(value := value_from_ast_untyped(argument.value), list) else value
        for argument in nodes[0].arguments or ()
        if argument.name.value in size.get("slicingArguments", ())
    ]
    count = max(given_sizes, default=size.get("assumedSize", 100))
    of_type = directive(target.ast_node, "cost")
    own = int(of_type["weight"]) if of_type else 1
    if not is_list_type(get_nullable_type(definition.type)):
        below = dict.fromkeys(size.get("sizedFields", ()), count)
        if came is not None and came[0] is None:
            return 0
        return (weight if declared else own) + asked(target, inner, below, None if came is None else came[0])
    if came is not None:
        return weight + sum(own + asked(target, inner, {}, one) for one in came[0] or () if one is not None)
    return weight + sizes.get(name, count) * (own + asked(target, inner, {}))


def plain_cost(document: str, data: Any = None) -> int:
    (operation,) = (one for one in parse(document).definitions if isinstance(one, OperationDefinitionNode))
    assert not any(isinstance(one, FragmentDefinitionNode) for one in parse(document).definitions)
    assert PLAIN.query_type is not None
    return asked(PLAIN.query_type, [operation.selection_set], {}, data)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    document=queries(sdl(), custom_scalars=SCALARS, allow_null=False),
    role=st.sampled_from([Role.ADMIN, Role.PARTNER, Role.CHANNEL_MANAGER]),
)
async def test_what_came_back_never_costs_more_than_was_asked_for_and_that_is_what_the_printed_schema_says(
    rows: Rows, ask: Any, document: str, role: Role
) -> None:
    found = rows.found = rows.found or await furnish(rows)
    written = sensible(document)
    if validate(build_schema()._schema, parse(written)):
        return
    known = READ.read(written).price(None, None)
    flat = "__schema" in written or "__type(" in written
    assert flat or known.requested == plain_cost(written)
    answer = await ask(written, Viewer(role, partner_id=found["west"], partner_ids=frozenset({found["west"]})))
    if not answer["data"]:
        return
    actual = known.actual(answer["data"], orjson.dumps(answer["data"]))
    assert actual <= known.requested
    if "node" not in answer["data"] and "record" not in written and not flat:
        event("compared")
        # Objects that begin alike count as the dearest of them, so it may be a little more, never less.
        assert actual >= min(known.requested, plain_cost(written, answer["data"])), written
