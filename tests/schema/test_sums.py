"""Counts, sums and groups are those of the rows that the same viewer can list, whatever the rows, the viewer and the filter."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.context import Role, Viewer
from tests.rows import T0, Rows

QUERY = """
query ($where: OrderFilter, $by: [OrderDimension!]!, $why: ConflictFilter, $along: [ConflictDimension!]!) {
  orders(first: 100, filter: $where) {
    totalCount
    nodes { state channel placedAt partner { code } shipToRegion { code } total { amount currency } netTotal { amount }
      lines(first: 9) { nodes { quantity { baseUnits } } } }
    aggregates { count total { amount currency } baseUnits netTotalBase { amount } firstPlacedAt lastPlacedAt
      groupBy(dimensions: $by, first: 100) { key count total { amount currency } suppressed } } }
  conflicts(first: 100, filter: $why) {
    totalCount
    nodes { ruleId status score severity partner { code } valueAtRisk { amount currency } }
    aggregates { count maxScore valueAtRisk { amount currency }
      groupBy(dimensions: $along, first: 100) { key count maxScore } } }
}
"""
PARTNERS, REGIONS = ("west", "east", "own"), ("south", "north")
VIEWERS = ("admin", "analyst", "service", "west's manager", "south's manager", "nobody's manager", "west", "direct sales")
SALES = st.lists(
    st.fixed_dictionaries(
        {
            "partner": st.sampled_from((*PARTNERS, None)),
            "region": st.sampled_from((*REGIONS, None)),
            "channel": st.sampled_from(("trade", "tmall")),
            "currency": st.sampled_from(("CNY", "USD")),
            "total": st.decimals("0.01", "9999.99", places=2),
            "hour": st.integers(0, 900),
        }
    ),
    max_size=8,
)
FINDINGS = st.lists(
    st.fixed_dictionaries(
        {
            "partner": st.sampled_from((*PARTNERS, None)),
            "rule": st.sampled_from(("cross_region_sale", "oversell")),
            "state": st.sampled_from(("open", "dismissed", "resolved_by_data")),
            "score": st.integers(0, 100),
            "worth": st.none() | st.decimals("0.01", "9999.99", places=2),
        }
    ),
    max_size=8,
)
WHERE = st.sampled_from(
    (
        {},
        {"channel": {"eq": "tmall"}},
        {"or": [{"channel": {"eq": "tmall"}}, {"state": {"in": ["OPEN", "DRAFT"]}}]},
        {"not": {"channel": {"eq": "trade"}}},
    )
)
WHY = st.sampled_from(({}, {"ruleId": "oversell"}))
BY = st.lists(
    st.sampled_from(("PARTNER", "REGION", "CHANNEL", "STATE", "CURRENCY", "DAY", "MONTH")), min_size=1, max_size=3, unique=True
)
ALONG = st.lists(st.sampled_from(("RULE", "STATUS", "PARTNER")), min_size=1, max_size=3, unique=True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sales=SALES, findings=FINDINGS, who=st.sampled_from(VIEWERS), where=WHERE, why=WHY, by=BY, along=ALONG)
async def test_g08_what_is_counted_is_what_is_listed(
    rows: Rows,
    ask: Any,
    sales: list[dict[str, Any]],
    findings: list[dict[str, Any]],
    who: str,
    where: dict[str, Any],
    why: dict[str, Any],
    by: list[str],
    along: list[str],
) -> None:
    ids = await lay(rows, sales, findings)
    answer = await ask(QUERY, viewer(who, ids), where=where, by=by, why=why, along=along)
    if who in ("west", "direct sales") and answer["errors"]:
        # What a role may not read is not to be grouped by either.
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    orders, conflicts = answer["data"]["orders"], answer["data"]["conflicts"]
    if orders is not None:
        assert_orders(orders, by)
    if conflicts is not None:
        assert_conflicts(conflicts, along)


async def lay(rows: Rows, sales: list[dict[str, Any]], findings: list[dict[str, Any]]) -> dict[str, int]:
    """Replace what there is by these orders and findings; return the ids of partners and regions."""
    async with rows.store.connection() as connection:
        await connection.execute("DELETE FROM order_line; DELETE FROM sales_order; DELETE FROM conflict")
    if not rows.found:
        for name in REGIONS:
            rows.found[name] = await rows.region(name)
        for name in PARTNERS:
            rows.found[name] = await rows.partner(
                code=name, type="direct" if name == "own" else "distributor", home_region_id=rows.found["south"]
            )
        rows.found["product"] = await rows.product()
        await rows.add("detection", rule="trade_line", rule_version=1, basis="CNY", judged_to=T0)
    ids = rows.found
    for sale in sales:
        await rows.order(
            product=ids["product"], partner_id=ids.get(sale["partner"]), ship_to_region_id=ids.get(sale["region"]),
            channel=sale["channel"], currency=sale["currency"], total=sale["total"], net_total=sale["total"],
            placed_at=T0 + timedelta(hours=sale["hour"]),
        )  # fmt: skip
    for one in findings:
        case = await rows.case(partner_id=ids.get(one["partner"]), state="investigating")
        await rows.conflict(
            partner_id=ids.get(one["partner"]), rule=one["rule"], state=one["state"], score=Decimal(one["score"]), case_id=case,
            uncapped_score=Decimal(one["score"]), value_at_risk=one["worth"], value_currency=one["worth"] and "CNY",
        )  # fmt: skip
    return ids


def viewer(who: str, ids: dict[str, int]) -> Viewer:
    """Return who asks."""
    match who:
        case "west's manager":
            return Viewer(Role.CHANNEL_MANAGER, partner_ids=frozenset({ids["west"]}))
        case "south's manager":
            return Viewer(Role.CHANNEL_MANAGER, region_ids=frozenset({ids["south"]}))
        case "nobody's manager":
            return Viewer(Role.CHANNEL_MANAGER)
        case "west":
            return Viewer(Role.PARTNER, partner_id=ids["west"])
        case "direct sales":
            return Viewer(Role.DIRECT_SALES)
        case _:
            return Viewer(Role(who))


def assert_orders(orders: dict[str, Any], by: list[str]) -> None:
    """Fail unless the figures are those of the nodes."""
    nodes, told = orders["nodes"], orders["aggregates"]
    placed = [node["placedAt"] for node in nodes]
    assert orders["totalCount"] == told["count"] == len(nodes)
    assert told["total"] == money(node["total"] for node in nodes)
    lines = [line["quantity"]["baseUnits"] for node in nodes for line in node["lines"]["nodes"]]
    assert told["baseUnits"] == plain(sum(map(Decimal, lines), Decimal()))
    if any(node["total"]["currency"] != "CNY" for node in nodes):
        # No rate is known.
        assert told["netTotalBase"] is None
    else:
        worth = sum((Decimal(node["netTotal"]["amount"]) for node in nodes), Decimal())
        assert told["netTotalBase"] == {"amount": plain(worth)}
    assert (told["firstPlacedAt"], told["lastPlacedAt"]) == (min(placed, default=None), max(placed, default=None))
    groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for node in nodes:
        groups[tuple(ORDER_KEYS[name](node) for name in by)].append(node)
    assert {tuple(one["key"]): (one["count"], one["total"]) for one in told["groupBy"] if not one["suppressed"]} == {
        key: (len(some), money(node["total"] for node in some)) for key, some in groups.items()
    }


def assert_conflicts(conflicts: dict[str, Any], along: list[str]) -> None:
    """Fail unless the figures are those of the nodes."""
    nodes, told = conflicts["nodes"], conflicts["aggregates"]
    assert conflicts["totalCount"] == told["count"] == len(nodes)
    assert told["maxScore"] == max((node["score"] for node in nodes), default=None)
    assert told["valueAtRisk"] == money(node["valueAtRisk"] for node in nodes if node["valueAtRisk"])
    groups = Counter(tuple(CONFLICT_KEYS[name](node) for name in along) for node in nodes)
    assert {tuple(one["key"]): one["count"] for one in told["groupBy"]} == groups


def money(amounts: Any) -> list[dict[str, str]]:
    """Return sums by currency as the API writes them."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in amounts:
        sums[one["currency"]] += Decimal(one["amount"])
    return [{"amount": plain(sums[currency]), "currency": currency} for currency in sorted(sums)]


def plain(amount: Decimal) -> str:
    """Write a decimal without an exponent and without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def code(record: dict[str, Any] | None) -> str | None:
    return None if record is None else str(record["code"])


Key = Callable[[dict[str, Any]], str | None]
ORDER_KEYS: dict[str, Key] = {
    "PARTNER": lambda node: code(node["partner"]),
    "REGION": lambda node: code(node["shipToRegion"]),
    "CHANNEL": lambda node: node["channel"],
    "STATE": lambda node: node["state"],
    "CURRENCY": lambda node: node["total"]["currency"],
    "DAY": lambda node: node["placedAt"][:10],
    "MONTH": lambda node: node["placedAt"][:7],
}
CONFLICT_KEYS: dict[str, Key] = {
    "RULE": lambda node: node["ruleId"],
    "STATUS": lambda node: node["status"],
    "PARTNER": lambda node: code(node["partner"]),
}
