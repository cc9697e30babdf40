"""Documents nobody wrote: whatever the schema allows is answered as it promises, or refused with a client's code."""

from typing import Any

import orjson
from graphql import parse, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from schema.context import Role, Viewer
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
    "UnitCode": st.just("EA").map(nodes.String),
}
FINE = {"BAD_USER_INPUT", "CURSOR_EXPIRED", "FORBIDDEN", "OPERATION_TOO_COMPLEX"}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=queries(sdl(), custom_scalars=SCALARS), role=st.sampled_from([Role.ADMIN, Role.PARTNER, Role.CHANNEL_MANAGER]))
async def test_a_generated_document_is_answered_or_refused(rows: Rows, ask: Any, document: str, role: Role) -> None:
    found = rows.found = rows.found or await furnish(rows)
    if validate(build_schema()._schema, parse(document)):
        return
    answer = await ask(document, Viewer(role, partner_id=found["west"], partner_ids=frozenset({found["west"]})))
    assert {error.get("extensions", {}).get("code") for error in answer["errors"]} <= FINE, (document, answer["errors"])

    if not answer["errors"] and "node" not in answer["data"] and "record" not in document:
        promised = as_the_stock_executor_has_it(document, answer["data"])
        assert promised.errors is None, (document, promised.errors)
        assert orjson.dumps(promised.data) == orjson.dumps(answer["data"]), document
