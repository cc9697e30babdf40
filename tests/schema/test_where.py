"""What lists can be asked."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.context import Role, Viewer
from schema.ids import global_id
from tests.rows import T0, Rows

ORDERS = "query ($filter: OrderFilter) { orders(filter: $filter, orderBy: [{field: NUMBER}]) { nodes { number } totalCount } }"
PARTNERS = "query ($filter: PartnerFilter) { partners(first: 100, filter: $filter) { nodes { code } } }"


async def numbers(ask: Any, filter: dict[str, Any]) -> list[str]:
    answer = await ask(ORDERS, filter=filter)
    assert answer["errors"] == []
    page = answer["data"]["orders"]
    assert page["totalCount"] == len(page["nodes"])
    return [node["number"] for node in page["nodes"]]


async def test_orders_are_found_by_each_of_their_fields(rows: Rows, ask: Any) -> None:
    china = await rows.region("CN")
    south = await rows.region("CN-GD", china)
    west, shop, piece = await rows.partner(code="west"), await rows.customer(code="shop"), await rows.product(code="P-1")
    await rows.order(
        key="A-1",
        partner_id=west,
        customer_id=shop,
        product=piece,
        ship_to_region_id=south,
        channel="tmall",
        state="fulfilled",
        total=Decimal("10.50"),
    )
    await rows.order(key="B-2", kind="sell_in", buyer_partner_id=west, currency="USD", placed_at=T0 + timedelta(days=1))
    await rows.order(key="B-3", placed_at=T0 + timedelta(days=2))
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["A-1", "B-2", "B-3"]),
        ({"number": {"eq": "A-1"}}, ["A-1"]),
        ({"number": {"in": ["A-1", "B-3", "C"]}}, ["A-1", "B-3"]),
        ({"number": {"startsWith": "B"}}, ["B-2", "B-3"]),
        ({"number": {"contains": "b-"}}, ["B-2", "B-3"]),
        ({"number": {"contains": "%%"}}, []),
        ({"number": {"ne": "A-1"}}, ["B-2", "B-3"]),
        ({"kind": {"eq": "SELL_IN"}}, ["B-2"]),
        ({"kind": {"notIn": ["SELL_IN", "RETURN"]}}, ["A-1", "B-3"]),
        ({"state": {"in": ["FULFILLED"]}}, ["A-1"]),
        ({"channel": {"eq": "tmall"}}, ["A-1"]),
        ({"channelClass": {"eq": "TRADE"}}, ["B-2", "B-3"]),
        ({"source": {"eq": global_id("Source", rows.source_id)}}, ["A-1", "B-2", "B-3"]),
        ({"partner": {"eq": global_id("Partner", west)}}, ["A-1", "B-2"]),
        ({"partner": {"in": [global_id("Partner", west)]}}, ["A-1", "B-2"]),
        ({"partner": {"isNull": True}}, ["B-3"]),
        ({"soldTo": {"eq": global_id("Customer", shop)}}, ["A-1"]),
        ({"soldTo": {"isNull": False}}, ["A-1"]),
        ({"shipToRegion": {"within": "CN"}}, ["A-1"]),
        ({"shipToRegion": {"eq": "CN"}}, []),
        ({"shipToRegion": {"isNull": True}}, ["B-2", "B-3"]),
        ({"product": {"eq": global_id("Product", piece)}}, ["A-1"]),
        ({"placedAt": {"gte": "2026-03-02T08:30:00Z", "lt": "2026-03-03T08:30:00Z"}}, ["B-2"]),
        ({"placedAt": {"gte": "2026-03-02T16:30:00+08:00"}}, ["B-2", "B-3"]),
        ({"total": {"currency": "CNY", "lt": "10.51"}}, ["A-1"]),
        ({"total": {"currency": "USD", "gte": "1"}}, ["B-2"]),
        ({"and": [{"number": {"startsWith": "B"}}, {"kind": {"eq": "SELL_IN"}}]}, ["B-2"]),
        ({"or": [{"number": {"eq": "A-1"}}, {"number": {"eq": "B-3"}}]}, ["A-1", "B-3"]),
        ({"not": {"shipToRegion": {"within": "CN"}}}, ["B-2", "B-3"]),
        ({"number": None, "kind": {"eq": None}}, ["A-1", "B-2", "B-3"]),
    ]
    for filter, found in cases:
        assert await numbers(ask, filter) == found, filter


async def test_a_case_is_found_by_its_number_and_a_finding_by_its_key(rows: Rows, ask: Any) -> None:
    await rows.case(number=7001)
    await rows.case(number=7002)
    cases = "query ($filter: ConflictCaseFilter) { conflictCases(filter: $filter) { nodes { number } } }"
    for filter, found in (({"eq": 7001}, [7001]), ({"in": [7002, 9]}, [7002]), ({"gte": 7002}, [7002]), ({"eq": 9}, [])):
        answer = await ask(cases, filter={"number": filter})
        assert [one["number"] for one in answer["data"]["conflictCases"]["nodes"]] == found, filter
    keys = ["ab" * 16, "cd" * 16]
    for key in keys:
        await rows.conflict(finding_key=key)
    findings = "query ($filter: ConflictFilter) { conflicts(filter: $filter) { totalCount nodes { findingKey } } }"
    for told, expected in (
        ({"eq": keys[0]}, keys[:1]),
        ({"in": keys}, keys),
        ({"startsWith": "cd"}, keys[1:]),
        ({"eq": "x"}, []),
    ):
        page = (await ask(findings, filter={"findingKey": told}))["data"]["conflicts"]
        assert sorted(one["findingKey"] for one in page["nodes"]) == expected, told
        assert page["totalCount"] == len(expected)


async def test_a_partner_finds_a_finding_by_the_key_it_reads_and_by_no_other(rows: Rows, ask: Any) -> None:
    west = await rows.partner()
    key = "ab" * 16
    await rows.conflict(finding_key=key, partner_id=west, case_id=await rows.case(partner_id=west, state="investigating"))
    viewer = Viewer(Role.PARTNER, partner_id=west)
    document = "query ($filter: ConflictFilter) { conflicts(filter: $filter) { nodes { findingKey } } }"
    (seen,) = (await ask(document, viewer, filter={}))["data"]["conflicts"]["nodes"]
    assert seen["findingKey"] != key
    again = await ask(document, viewer, filter={"findingKey": {"eq": seen["findingKey"]}})
    assert again["data"]["conflicts"]["nodes"] == [seen]
    for guess in ({"eq": key}, {"startsWith": key[:4]}, {"in": [key]}):
        assert (await ask(document, viewer, filter={"findingKey": guess}))["data"]["conflicts"]["nodes"] == []


names = st.sampled_from(["ab", "abc", "b", "ba"])
simple = st.one_of(
    st.fixed_dictionaries({"code": st.fixed_dictionaries({"eq": names})}),
    st.fixed_dictionaries({"tier": st.one_of(st.just({"isNull": True}), st.fixed_dictionaries({"ne": names}))}),
    st.fixed_dictionaries({"level": st.fixed_dictionaries({"gte": st.integers(0, 3), "lt": st.integers(0, 3)})}),
)
filters = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"and": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"or": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=5,
)


def matches(partner: dict[str, Any], filter: dict[str, Any]) -> bool:
    """Say what the filter says, in Python: an unknown value is no match, and `not` takes all that is no match."""
    for name, value in filter.items():
        if name == "and" and not all(matches(partner, one) for one in value):
            return False
        if name == "or" and value and not any(matches(partner, one) for one in value):
            return False
        if name == "not" and matches(partner, value):
            return False
        if name in partner:
            held = partner[name]
            for sign, wanted in value.items():
                if not fits(held, sign, wanted):
                    return False
    return True


def fits(held: Any, sign: str, wanted: Any) -> bool:
    match sign:
        case "eq":
            return bool(held == wanted)
        case "ne":
            return held is not None and held != wanted
        case "isNull":
            return (held is None) is wanted
        case "gte":
            return bool(held >= wanted)
        case _:
            return bool(held < wanted)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filter=filters)
async def test_nested_filters_say_what_they_say(rows: Rows, ask: Any, filter: dict[str, Any]) -> None:
    partners: list[dict[str, Any]] = [
        {"code": "ab", "tier": None, "level": 0},
        {"code": "abc", "tier": "ab", "level": 1},
        {"code": "b", "tier": "b", "level": 2},
    ]
    async with rows.store.connection() as connection:
        await connection.execute("DELETE FROM partner")
        await connection.executemany(
            "INSERT INTO partner (code, name, tier, level, source_id) VALUES ($1, $1, $2, $3, 1)",
            [(one["code"], one["tier"], one["level"]) for one in partners],
        )
    answer = await ask(PARTNERS, filter=filter)
    depth_left = [error["extensions"]["code"] for error in answer["errors"]]
    if depth_left:
        assert depth_left == ["BAD_USER_INPUT"]
        return
    found = [node["code"] for node in answer["data"]["partners"]["nodes"]]
    assert found == [one["code"] for one in partners if matches(one, filter)]


@pytest.mark.parametrize(
    "filter",
    [
        {"number": {"in": ["x"] * 501}},
        {"or": [{}] * 21},
        {"not": {"not": {"not": {"not": {"not": {"number": {"eq": "x"}}}}}}},
        {"number": {"contains": "x"}},
        {"number": {"eq": "\x00"}},
        {"partner": {"eq": "nonsense"}},
        {"partner": {"eq": global_id("Source", 1)}},
    ],
)
async def test_a_filter_that_asks_too_much_is_refused(rows: Rows, ask: Any, filter: dict[str, Any]) -> None:
    answer = await ask(ORDERS, filter=filter)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_grants_are_found_by_what_they_cover_and_when_they_hold(rows: Rows, ask: Any) -> None:
    china = await rows.region("CN")
    await rows.region("CN-GD", china)
    await rows.grant(partner_id=await rows.partner(), region_id=china, key="G")
    document = "query ($filter: TerritoryGrantFilter) { territoryGrants(filter: $filter) { totalCount } }"
    for filter, count in [
        ({"covers": "CN-GD"}, 1),
        ({"region": {"eq": "CN-GD"}}, 0),
        ({"validAt": "2025-12-31T23:59:59Z"}, 0),
        ({"validAt": "2026-01-01T00:00:00Z"}, 1),
    ]:
        assert (await ask(document, filter=filter))["data"]["territoryGrants"]["totalCount"] == count


async def test_what_was_deleted_is_grouped_and_found_as_it_is_shown(rows: Rows, ask: Any) -> None:
    west = await rows.partner(code="west", deleted_at=T0)
    china = await rows.region("CN", deleted_at=T0)
    await rows.order(partner_id=west, ship_to_region_id=china)
    await rows.conflict(partner_id=west, region_id=china)
    place = await rows.location(partner_id=await rows.partner(code="east"), region_id=china, deleted_at=T0)
    await rows.level(location_id=place, product_id=await rows.product())
    grouped = "aggregates { groupBy(dimensions: [PARTNER, REGION]) { key } }"
    answer = await ask(f"""{{ orders {{ nodes {{ partner {{ code }} }} {grouped} }} conflicts {{ {grouped} }}
        inventoryLevels(filter: {{region: {{eq: "CN"}}, partner: {{isNull: false}}}}) {{ totalCount }} }}""")
    assert answer["data"]["orders"] == {
        "nodes": [{"partner": {"code": "west"}}], "aggregates": {"groupBy": [{"key": ["west", "CN"]}]},
    }  # fmt: skip
    assert answer["data"]["conflicts"]["aggregates"]["groupBy"] == [{"key": ["west", "CN"]}]
    assert answer["data"]["inventoryLevels"]["totalCount"] == 1
