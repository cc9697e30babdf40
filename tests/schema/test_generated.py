"""Documents nobody wrote: whatever the schema allows is answered as it promises, or refused with a client's code."""

from typing import Any

import orjson
from graphql import (
    REMOVE,
    ArgumentNode,
    FieldNode,
    IntValueNode,
    NameNode,
    ObjectFieldNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    print_ast,
    validate,
    visit,
)
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from schema.context import Role, Viewer
from schema.ids import global_id
from schema.root import build_schema, sdl
from tests.furnished import furnish
from tests.promised import as_the_stock_executor_has_it
from tests.rows import Rows

words = st.sampled_from(["CN", "CN-GD", "west", "east", "x"])
SCALARS = {
    "DateTime": st.datetimes().map(lambda moment: nodes.String(f"{moment.isoformat(timespec='microseconds')}Z")),
    "Date": st.dates().map(lambda day: nodes.String(day.isoformat())),
    "Decimal": st.decimals(-1000, 1000, places=2).map(lambda number: nodes.String(format(number, "f"))),
    "CurrencyCode": st.sampled_from(["CNY", "USD"]).map(nodes.String),
    "RegionCode": words.map(nodes.String),
    "RuleId": st.just("cross_region_sale").map(nodes.String),
    "ConflictClass": st.just("suspected").map(nodes.String),
    "Cursor": words.map(nodes.String),
    "BigInt": st.integers(0, 10).map(lambda number: nodes.String(str(number))),
}
FINE = {"BAD_USER_INPUT", "FORBIDDEN", "OPERATION_TOO_COMPLEX"}


class Sensible(Visitor):
    """Gives pages a size, and texts and ids a form, that have a chance of an answer."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types

    def leave_field(self, node: FieldNode, *_: object) -> FieldNode:
        kept = [
            one for one in node.arguments or () if one.name.value in ("filter", "orderBy", "id", "ids", "dimensions", "locale")
        ]
        definition = self.types.get_field_def()
        if definition is not None and "first" in definition.args:
            kept.append(ArgumentNode(name=NameNode(value="first"), value=IntValueNode(value="3")))
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=tuple(kept),
            directives=node.directives,
            selection_set=node.selection_set,
        )

    def enter_object_field(self, node: ObjectFieldNode, *_: object) -> Any:
        kind = self.types.get_input_type()
        return REMOVE if kind is not None and get_named_type(kind).name == "IDFilter" else None

    def enter_string_value(self, node: StringValueNode, *_: object) -> Any:
        kind = get_named_type(self.types.get_input_type())
        if kind is not None and kind.name in ("String", "ID"):
            return StringValueNode(value="west" if kind.name == "String" else global_id("Partner", 1))
        return None


def sensible(document: str) -> str:
    types = TypeInfo(build_schema()._schema)
    return print_ast(visit(parse(document), TypeInfoVisitor(types, Sensible(types))))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    document=queries(sdl(), custom_scalars=SCALARS, allow_null=False),
    role=st.sampled_from([Role.ADMIN, Role.PARTNER, Role.CHANNEL_MANAGER]),
)
async def test_a_generated_document_is_answered_or_refused(rows: Rows, ask: Any, document: str, role: Role) -> None:
    found = rows.found = rows.found or await furnish(rows)
    asked = sensible(document)
    if validate(build_schema()._schema, parse(asked)):
        return
    answer = await ask(asked, Viewer(role, partner_id=found["west"], partner_ids=frozenset({found["west"]})))
    codes = {error.get("extensions", {}).get("code") for error in answer["errors"]}
    event(" ".join(sorted(codes)) or "answered")
    assert codes <= FINE, (asked, answer["errors"])
    if codes <= {"FORBIDDEN"} and "node" not in answer["data"] and "record" not in asked:
        promised = as_the_stock_executor_has_it(asked, answer["data"])
        assert promised.errors is None, (asked, promised.errors)
        assert orjson.dumps(promised.data) == orjson.dumps(answer["data"]), asked
