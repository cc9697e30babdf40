"""Filters that ask about related records: they find what the same viewer could pick out of the list."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.context import Role, Viewer
from schema.ids import global_id
from schema.root import build_schema
from tests.furnished import furnish
from tests.rows import Rows

ORDERS = """query ($filter: OrderFilter) { orders(first: 100, filter: $filter, orderBy: [{field: NUMBER}]) {
    totalCount aggregates { count }
    nodes { number channel
      partner { code tier parent { code } } soldTo { name }
      lines(first: 9) { nodes { sourceSku product { sku } } }
      conflicts(first: 9, filter: {}) { nodes { ruleId full partner { code tier parent { code } } } } } } }"""
VIEWERS = ("admin", "analyst", "west's manager", "west", "direct sales", "nobody's manager")
NAMES = ("west", "east", "own")
SALES = st.lists(
    st.fixed_dictionaries(
        {
            "seller": st.sampled_from((*NAMES, None)),
            "buyer": st.sampled_from((None, *NAMES)),
            "kind": st.sampled_from(("sell_out", "sell_in")),
            "customer": st.sampled_from(("Shop", "Lab", None)),
            "channel": st.sampled_from(("trade", "tmall")),
            "products": st.lists(st.sampled_from(("P-1", "P-2")), max_size=2),
            "finding": st.sampled_from((None, *NAMES)),
        }
    ),
    max_size=6,
)


def texts(*words: str) -> Any:
    """Draw conditions on a text."""
    word = st.sampled_from(words)
    return st.one_of(
        st.fixed_dictionaries({"eq": word}),
        st.fixed_dictionaries({"in": st.lists(word, max_size=2)}),
        st.fixed_dictionaries({"startsWith": word.map(lambda text: text[:1])}),
        st.fixed_dictionaries({"isNull": st.booleans()}),
    )


def joined(simple: Any) -> Any:
    """Draw what `and`, `or` and `not` make of simple filters, one deep."""
    return st.one_of(
        simple,
        st.fixed_dictionaries({"not": simple}),
        st.fixed_dictionaries({"or": st.lists(simple, min_size=1, max_size=2)}),
    )


PARTNER = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"code": texts(*NAMES)}),
    st.fixed_dictionaries({"tier": texts("gold", "silver")}),
    st.fixed_dictionaries({"parentIs": st.fixed_dictionaries({"code": texts(*NAMES)})}),
)
LINE = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"sourceSku": texts("SKU-1", "other")}),
    st.fixed_dictionaries({"productIs": st.fixed_dictionaries({"sku": texts("P-1", "P-2")})}),
)
FINDING = st.one_of(
    st.just({}), st.fixed_dictionaries({"full": st.booleans()}), st.fixed_dictionaries({"partnerIs": joined(PARTNER)})
)
FILTER = joined(
    st.one_of(
        st.fixed_dictionaries({"partnerIs": joined(PARTNER)}),
        st.fixed_dictionaries({"soldToIs": st.fixed_dictionaries({"name": texts("Shop", "Lab")})}),
        st.fixed_dictionaries({"lines": st.dictionaries(st.sampled_from(("some", "none")), joined(LINE), max_size=2)}),
        st.fixed_dictionaries({"conflicts": st.dictionaries(st.sampled_from(("some", "none")), FINDING, max_size=2)}),
        st.fixed_dictionaries({"channel": texts("trade", "tmall"), "partnerIs": PARTNER}),
    )
)


def holds(node: dict[str, Any] | None, filter: dict[str, Any]) -> bool:
    """Say in Python what a filter says of a listed record; one that is not shown is like none."""
    return node is not None and all(agrees(node, name, value) for name, value in filter.items())


def agrees(node: dict[str, Any], name: str, value: Any) -> bool:
    """Say whether one field of a filter holds."""
    match name:
        case "and":
            return all(holds(node, one) for one in value)
        case "or":
            return any(holds(node, one) for one in value)
        case "not":
            return not holds(node, value)
        case "lines" | "conflicts":
            items = node[name]["nodes"]
            return all(any(holds(one, wanted) for one in items) is (sign == "some") for sign, wanted in value.items())
        case _ if name.endswith("Is"):
            return holds(node[name.removesuffix("Is")], value)
        case _ if isinstance(value, bool):
            return bool(node[name] == value)
        case _:
            return all(fits(node[name], sign, wanted) for sign, wanted in value.items())


def fits(held: str | None, sign: str, wanted: Any) -> bool:
    """Say whether one operator holds; an unknown value is no match."""
    if sign == "isNull":
        return (held is None) is wanted
    if held is None:
        return False
    return held in wanted if sign == "in" else held.startswith(wanted) if sign == "startsWith" else held == wanted


async def lay(rows: Rows, sales: list[dict[str, Any]]) -> dict[str, int]:
    """Replace what there is by these orders; return the ids of all others."""
    async with rows.store.connection() as connection:
        await connection.execute(
            "DELETE FROM order_line; DELETE FROM sales_order; DELETE FROM conflict; DELETE FROM conflict_case"
        )
    ids = rows.found
    if not ids:
        ids["east"] = await rows.partner(code="east", tier="gold")
        ids["west"] = await rows.partner(code="west", tier="silver", parent_id=ids["east"])
        ids["own"] = await rows.partner(code="own", type="direct", parent_id=ids["west"])
        for name in ("Shop", "Lab"):
            ids[name] = await rows.customer(code=name, name=name)
        for code in ("P-1", "P-2"):
            ids[code] = await rows.product(code=code)
    for number, sale in enumerate(sales):
        order = await rows.order(
            key=f"SO-{number}", lines=0, kind=sale["kind"], channel=sale["channel"], partner_id=ids.get(sale["seller"]),
            buyer_partner_id=ids.get(sale["buyer"]), customer_id=ids.get(sale["customer"]),
        )  # fmt: skip
        for place, code in enumerate(sale["products"]):
            await rows.canonical(
                "order_line",
                order_id=order,
                number=place,
                product_id=ids[code],
                sku=f"SKU-{place}",
                qty=2,
                amount=10,
                tax_rate=0,
            )
        if sale["finding"] is not None:
            about = ids[sale["finding"]]
            case = await rows.case(partner_id=about, state="investigating")
            await rows.conflict(partner_id=about, case_id=case, order_ids=[order], is_full=number % 2 == 0)
    return ids


def viewer(who: str, ids: dict[str, int]) -> Viewer:
    """Return who asks."""
    match who:
        case "west's manager":
            return Viewer(Role.CHANNEL_MANAGER, partner_ids=frozenset({ids["west"]}))
        case "nobody's manager":
            return Viewer(Role.CHANNEL_MANAGER)
        case "west":
            return Viewer(Role.PARTNER, partner_id=ids["west"])
        case "direct sales":
            return Viewer(Role.DIRECT_SALES)
        case _:
            return Viewer(Role(who))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sales=SALES, who=st.sampled_from(VIEWERS), filter=FILTER)
async def test_a_filter_through_relations_finds_what_the_viewer_could_pick_from_the_list(
    rows: Rows, ask: Any, sales: list[dict[str, Any]], who: str, filter: dict[str, Any]
) -> None:
    asking = viewer(who, await lay(rows, sales))
    listed, found = await ask(ORDERS, asking, filter={}), await ask(ORDERS, asking, filter=filter)
    assert listed["errors"] == found["errors"] == []
    orders = found["data"]["orders"]
    assert orders["nodes"] == [node for node in listed["data"]["orders"]["nodes"] if holds(node, filter)]
    assert orders["totalCount"] == orders["aggregates"]["count"] == len(orders["nodes"])


async def test_what_one_may_not_read_is_not_to_be_asked_about_through_a_relation_either(rows: Rows, ask: Any) -> None:
    await rows.order(customer_id=await rows.customer(email="li@example.com"))
    for filter in (
        {"soldToIs": {"email": {"startsWith": "l"}}},
        {"not": {"soldToIs": {"not": {"email": {"isNull": True}}}}},
        {"partnerIs": {"orders": {"none": {"soldToIs": {"email": {"eq": "li@example.com"}}}}}},
    ):
        answer = await ask(ORDERS, Viewer(Role.ANALYST), filter=filter)
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert error["extensions"]["field"].startswith("filter.")
        assert error["extensions"]["field"].endswith(".email")
    west = await rows.partner()
    scored = {"conflicts": {"some": {"score": {"gte": "50"}}}}
    answer = await ask(ORDERS, Viewer(Role.PARTNER, partner_id=west), filter=scored)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


async def test_a_relation_counts_as_one_step_of_depth(rows: Rows, ask: Any) -> None:
    document = "query ($filter: PartnerFilter) { partners(filter: $filter) { totalCount } }"
    filter: dict[str, Any] = {"code": {"eq": "x"}}
    for depth in range(1, 6):
        filter = {"parentIs": filter}
        codes = [error["extensions"]["code"] for error in (await ask(document, filter=filter))["errors"]]
        assert codes == ([] if depth <= 4 else ["BAD_USER_INPUT"]), depth


async def test_what_was_deleted_at_its_source_is_in_no_list_but_still_what_an_order_points_at(rows: Rows, ask: Any) -> None:
    shop = await rows.customer(name="Shop")
    await rows.order(key="A", customer_id=shop, lines=1)
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE customer SET deleted_at = now(); UPDATE order_line SET deleted_at = now()")
    for filter, found in (
        ({"soldToIs": {"name": {"eq": "Shop"}}}, 1),
        ({"lines": {"some": {}}}, 0),
        ({"lines": {"none": {}}}, 1),
    ):
        assert (await ask(ORDERS, filter=filter))["data"]["orders"]["totalCount"] == found, filter


async def test_findings_are_found_by_class_mode_case_and_what_they_are_about(rows: Rows, ask: Any) -> None:
    west, east = await rows.partner(code="west", tier="gold"), await rows.partner(code="east")
    case = await rows.case(number=7, partner_id=west, state="triaged")
    product = await rows.product(code="P-1")
    cased = await rows.conflict(partner_id=west, affected_id=east, case_id=case, product_id=product)
    shown = await rows.conflict(partner_id=east, is_full=False, mode="observe")
    document = "query ($filter: ConflictFilter) { conflicts(filter: $filter) { nodes { id } } }"
    for filter, found in (
        ({"full": True}, [cased]),
        ({"full": False}, [shown]),
        ({"mode": {"eq": "OBSERVE"}}, [shown]),
        ({"mode": {"notIn": ["OBSERVE"]}}, [cased]),
        ({"case": {"isNull": True}}, [shown]),
        ({"case": {"isNull": False}}, [cased]),
        ({"case": {"eq": global_id("ConflictCase", case)}}, [cased]),
        ({"caseIs": {"state": {"eq": "TRIAGED"}, "conflicts": {"some": {"full": True}}}}, [cased]),
        ({"caseIs": {"number": {"eq": 8}}}, []),
        ({"partnerIs": {"tier": {"eq": "gold"}}}, [cased]),
        ({"affectedPartners": {"some": {"code": {"eq": "east"}}}}, [cased]),
        ({"affectedPartners": {"none": {}}}, [shown]),
        ({"productIs": {"sku": {"eq": "P-1"}}}, [cased]),
    ):
        answer = await ask(document, filter=filter)
        assert answer["errors"] == []
        nodes = answer["data"]["conflicts"]["nodes"]
        assert [node["id"] for node in nodes] == [global_id("Conflict", one) for one in found], filter


async def test_customers_are_found_by_their_tags(rows: Rows, ask: Any) -> None:
    await rows.customer(name="a", tags=["vip", "new"])
    await rows.customer(name="b", tags=["vip"])
    await rows.customer(name="c")
    document = "query ($filter: CustomerFilter) { customers(filter: $filter) { nodes { name } } }"
    for tag, found in (
        ({"eq": "vip"}, "ab"),
        ({"in": ["new", "old"]}, "a"),
        ({"startsWith": "v"}, "ab"),
        ({"isNull": True}, "c"),
        ({"isNull": False}, "ab"),
    ):
        answer = await ask(document, filter={"tag": tag})
        assert "".join(node["name"] for node in answer["data"]["customers"]["nodes"]) == found, tag


@pytest.mark.parametrize("role", list(Role))
async def test_every_relation_of_every_filter_can_be_asked(rows: Rows, ask: Any, role: Role) -> None:
    found = await furnish(rows)
    asking = Viewer(role, user_id=1, partner_id=found["west"], region_ids=frozenset({found["south"]}))
    query = build_schema()._schema.query_type
    assert query is not None
    asked = 0
    for name, root in query.fields.items():
        filter = getattr(root.args.get("filter"), "type", None)
        for field, made in getattr(filter, "fields", {}).items():
            several = {"some", "none"} & getattr(made.type, "fields", {}).keys()
            if not (field.endswith("Is") or several):
                continue
            wanted: dict[str, Any] = {field: {"some": {}} if several else {}}
            document = f"query ($filter: {filter}) {{ {name}(filter: $filter) {{ totalCount }} }}"
            counts = []
            for one in ({}, wanted, *([{"not": wanted}] if "not" in getattr(filter, "fields", {}) else [])):
                answer = await ask(document, asking, filter=one)
                assert answer["errors"] == [], (name, one)
                counts.append(answer["data"][name]["totalCount"])
            assert counts[0] == sum(counts[1:]) or len(counts) == 2, (name, field)
            asked += 1
    assert asked > 20
