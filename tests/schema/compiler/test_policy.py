"""Who sees what, on every path."""

from base64 import urlsafe_b64decode
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from schema.compiler.policy import NONE, PRIVATE, ROWS, WITH
from schema.compiler.policy import rows as seen
from schema.context import Role, Viewer
from schema.ids import global_id
from schema.root import build_schema
from tests.asking import paths
from tests.furnished import furnish
from tests.rows import Rows

LISTS = """{ orders { totalCount aggregates { count } nodes { number } } partners { totalCount nodes { code } }
    customers { totalCount nodes { name } } locations { totalCount nodes { code } } offers { totalCount nodes { id } }
    inventoryLevels { totalCount aggregates { count } nodes { id } } territoryGrants { totalCount nodes { id } }
    pricePolicies { totalCount nodes { id } } promotions { totalCount nodes { id } }
    conflicts { totalCount aggregates { count } nodes { id } } conflictCases { totalCount nodes { id } }
    alerts { totalCount nodes { id } } rejects { totalCount nodes { id } } syncRuns { totalCount nodes { id } }
    claims { totalCount nodes { id } } dealRegistrations { totalCount nodes { id } } fxRates { totalCount nodes { id } }
    identityCandidates { totalCount nodes { id } } products { totalCount nodes { sku } }
    regions { totalCount nodes { code } } }"""


async def counts(ask: Any, viewer: Viewer) -> dict[str, int]:
    """Return how many rows of each list a viewer sees; every way of counting must say the same."""
    answer = await ask(LISTS, viewer)
    assert answer["errors"] == []
    for name, page in answer["data"].items():
        assert page["totalCount"] == len(page["nodes"]) == page.get("aggregates", {"count": page["totalCount"]})["count"], name
    return {name: page["totalCount"] for name, page in answer["data"].items()}


EVERYTHING = {
    "orders": 4, "partners": 2, "customers": 2, "locations": 2, "offers": 2, "inventoryLevels": 2, "territoryGrants": 2,
    "pricePolicies": 2, "promotions": 2, "conflicts": 2, "conflictCases": 2, "alerts": 2, "rejects": 1, "syncRuns": 2,
    "claims": 2, "dealRegistrations": 2, "fxRates": 1,
    "identityCandidates": 1, "products": 2, "regions": 2,
}  # fmt: skip
NOTHING = {name: 2 if name in ("products", "regions") else 0 for name in EVERYTHING}
HALF = {
    name: count // 2 if name not in ("products", "regions", "pricePolicies", "syncRuns", "fxRates") else count
    for name, count in EVERYTHING.items()
}


async def test_each_role_sees_its_rows(rows: Rows, ask: Any) -> None:
    found = await furnish(rows)
    own = HALF | {"rejects": 0, "identityCandidates": 0}
    for viewer, wanted in [
        (Viewer(Role.ADMIN), EVERYTHING),
        (Viewer(Role.ANALYST), EVERYTHING),
        (Viewer(Role.SERVICE), EVERYTHING),
        # West is affected by the finding about east, so its manager sees that one too, and its case's alert.
        (Viewer(Role.CHANNEL_MANAGER, partner_ids=frozenset({found["west"]})), own | {"conflicts": 2}),
        (
            Viewer(Role.CHANNEL_MANAGER, region_ids=frozenset({found["china"]})),
            own | {name: EVERYTHING[name] for name in EVERYTHING if name not in ("rejects", "identityCandidates")},
        ),
        (Viewer(Role.CHANNEL_MANAGER), NOTHING),
        (Viewer(Role.PARTNER, partner_id=found["west"]), own | {"alerts": 0, "syncRuns": 0, "fxRates": 0}),
        (Viewer(Role.PARTNER), NOTHING),
        (Viewer(Role.DIRECT_SALES), NOTHING),
    ]:
        assert await counts(ask, viewer) == wanted, viewer


async def test_assigned_product_groups_narrow_what_a_manager_sees(rows: Rows, ask: Any) -> None:
    found = await furnish(rows)
    west = frozenset({found["west"]})
    seen = await counts(ask, Viewer(Role.CHANNEL_MANAGER, partner_ids=west, product_groups=frozenset({"X"})))
    assert (seen["orders"], seen["territoryGrants"], seen["inventoryLevels"]) == (2, 1, 1)
    assert (seen["claims"], seen["dealRegistrations"]) == (1, 1)
    none = await counts(ask, Viewer(Role.CHANNEL_MANAGER, partner_ids=west, product_groups=frozenset({"Y"})))
    assert (none["orders"], none["territoryGrants"], none["inventoryLevels"], none["conflictCases"]) == (0, 0, 0, 0)
    assert (none["claims"], none["dealRegistrations"]) == (0, 0)


async def test_g10_no_path_leads_a_partner_to_what_is_anothers(rows: Rows, ask: Any) -> None:
    found = await furnish(rows)
    viewer = Viewer(Role.PARTNER, partner_id=found["west"])
    for document in paths(build_schema()._schema, 2):
        answer = await ask(document, viewer)
        assert {error["extensions"]["code"] for error in answer["errors"]} <= {"FORBIDDEN"}, document
        told = orjson.dumps(answer["data"]).decode()
        assert "east" not in told, document
        assert "secret-holder" not in told, document


async def test_what_is_out_of_scope_is_as_if_it_did_not_exist(rows: Rows, ask: Any) -> None:
    found = await furnish(rows)
    viewer = Viewer(Role.PARTNER, partner_id=found["west"])
    document = "query ($id: ID!) { node(id: $id) { id } }"
    for kind, key in [
        ("Partner", "east"),
        ("Order", "east_order"),
        ("ConflictCase", "east_case"),
        ("Customer", "east_customer"),
    ]:
        answer = await ask(document, viewer, id=global_id(kind, found[key]))
        assert answer == {"data": {"node": None}, "errors": []}
        answer = await ask(document, viewer, id=global_id(kind, found[key.replace("east", "west")]))
        assert answer["data"]["node"] is not None


async def test_a_hidden_partner_cannot_be_found_by_filtering(rows: Rows, ask: Any) -> None:
    west, east = await rows.partner(code="west"), await rows.partner(code="east")
    await rows.order(key="SO-1", partner_id=east, buyer_partner_id=west)
    document = "query ($id: ID!) { orders(filter: {partner: {eq: $id}}) { totalCount } }"
    viewer = Viewer(Role.PARTNER, partner_id=west)
    assert (await ask(document, viewer, id=global_id("Partner", east)))["data"]["orders"]["totalCount"] == 0
    assert (await ask(document, viewer, id=global_id("Partner", west)))["data"]["orders"]["totalCount"] == 1
    grouped = "{ orders { nodes { partner { code } } aggregates { groupBy(dimensions: [PARTNER]) { key count } } } }"
    answer = await ask(grouped, viewer)
    assert answer["data"]["orders"] == {
        "nodes": [{"partner": None}], "aggregates": {"groupBy": [{"key": [None], "count": 1}]}
    }  # fmt: skip


async def test_a_case_is_told_to_its_partner_from_investigating_on(rows: Rows, ask: Any) -> None:
    west = await rows.partner()
    for state in ("detected", "triaged", "reported", "closed"):
        case = await rows.case(partner_id=west, state=state)
        await rows.conflict(partner_id=west, case_id=case)
    viewer = Viewer(Role.PARTNER, partner_id=west)
    document = "{ conflictCases { totalCount } conflicts { totalCount } }"
    assert (await ask(document, viewer))["data"] == {"conflictCases": {"totalCount": 0}, "conflicts": {"totalCount": 0}}
    for state, more in [("investigating", {}), ("arbitration", {}), ("closed", {"told_at": datetime(2026, 3, 2, tzinfo=UTC)})]:
        await rows.conflict(partner_id=west, case_id=await rows.case(partner_id=west, state=state, **more))
    assert (await ask(document, viewer))["data"] == {"conflictCases": {"totalCount": 3}, "conflicts": {"totalCount": 3}}


async def test_g11_what_a_role_may_not_read_is_null_with_one_error_and_the_rest_arrives(rows: Rows, ask: Any) -> None:
    for name in ("a", "b"):
        await rows.order(customer_id=await rows.customer(name=name, email=f"{name}@example.com"))
    document = "{ orders { nodes { number soldTo { mail: email name } sync { raw { id } } } } }"
    answer = await ask(document, Viewer(Role.ANALYST))
    assert [node["soldTo"]["mail"] for node in answer["data"]["orders"]["nodes"]] == [None, None]
    assert {node["soldTo"]["name"] for node in answer["data"]["orders"]["nodes"]} == {"a", "b"}
    (error,) = answer["errors"]
    assert error["path"] == ["orders", "nodes"]
    assert error["extensions"] == {"code": "FORBIDDEN", "field": "orders.nodes.*.soldTo.mail"}


async def test_consumers_have_no_names_for_those_who_only_count(rows: Rows, ask: Any) -> None:
    await rows.customer(code="c", name="Li Na", kind="consumer")
    await rows.customer(code="d", name="Shop Ltd", kind="outlet")
    document = '{ customers { nodes { name } } found: customers(filter: {name: {contains: "li na"}}) { totalCount } }'
    admin, analyst = await ask(document), await ask(document, Viewer(Role.ANALYST))
    assert [node["name"] for node in admin["data"]["customers"]["nodes"]] == ["Li Na", "Shop Ltd"]
    assert "Li Na" not in orjson.dumps(analyst["data"]).decode()
    assert (admin["data"]["found"]["totalCount"], analyst["data"]["found"]["totalCount"]) == (1, 0)


async def test_consumers_own_alias_offers_belong_to_the_partner(rows: Rows, ask: Any) -> None:
    west = await rows.partner(code="west")
    await rows.canonical("partner_alias", alias="Some Shop", alias_key="someshop", partner_id=west)
    await rows.offer(product_id=await rows.product())
    document = "{ offers { nodes { sellerName partner { code } } } }"
    answer = await ask(document, Viewer(Role.PARTNER, partner_id=west))
    assert answer["data"]["offers"]["nodes"] == [{"sellerName": "Some Shop", "partner": {"code": "west"}}]


@pytest.mark.parametrize("role", list(Role))
def test_every_type_with_a_table_has_a_policy_for_every_role(role: Role) -> None:
    for kind in build_schema()._schema.extensions["compiler"].tables.by_type:
        assert isinstance(seen(kind, Viewer(role, partner_id=1, partner_ids=frozenset({1}))), str)
    assert not ROWS.keys() & WITH.keys()
    assert not ROWS.keys() & PRIVATE.keys()


def test_a_type_nobody_has_spoken_of_is_seen_by_nobody() -> None:
    for role in Role:
        with pytest.raises(KeyError):
            seen("Secret", Viewer(role))
    assert seen("Reject", Viewer(Role.PARTNER, partner_id=1)) is NONE


async def test_a_partner_reads_no_more_of_a_score_than_its_band(rows: Rows, ask: Any) -> None:
    west = await rows.partner()
    case = await rows.case(partner_id=west, state="investigating", score=Decimal("61.5"))
    await rows.conflict(
        partner_id=west,
        case_id=case,
        finding_key="0123456789abcdef0123456789abcdef",
        depth=Decimal("0.5"),
    )
    document = """{ conflicts { nodes { findingKey score severity terms { code value points explanation } case { score } }
        edges { cursor } aggregates { maxScore groupBy(dimensions: [STATUS]) { maxScore } } } }"""
    partner = Viewer(Role.PARTNER, partner_id=west)
    mine, admins = await ask(document, partner), await ask(document)
    assert mine["errors"] == []
    found, (shown,) = mine["data"]["conflicts"], mine["data"]["conflicts"]["nodes"]
    assert shown | {"findingKey": ""} == {
        "findingKey": "", "score": 50, "severity": "MEDIUM", "terms": [], "case": {"score": 50},
    }  # fmt: skip
    assert found["aggregates"] == {"maxScore": 50, "groupBy": [{"maxScore": 50}]}
    assert b"61.5" not in urlsafe_b64decode(found["edges"][0]["cursor"] + "==")
    assert len(shown["findingKey"]) == 32
    assert shown["findingKey"] != "0123456789abcdef0123456789abcdef"
    (exact,) = admins["data"]["conflicts"]["nodes"]
    assert (exact["findingKey"], exact["score"], exact["terms"][1]["points"]) == ("0123456789abcdef0123456789abcdef", 61.5, 10)
    for asked in (
        'conflicts(filter: {score: {gte: "61"}})',
        "conflicts(orderBy: [{field: SCORE}])",
        "conflictCases(orderBy: [{field: SCORE}])",
    ):
        refused = await ask(f"{{ {asked} {{ totalCount nodes {{ id }} }} }}", partner)
        assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN"], asked


async def test_a_source_of_others_is_not_recognised(rows: Rows, ask: Any) -> None:
    west, east, own = [await rows.partner(code=code) for code in ("west", "east", "own")]
    ours = await rows.add("source", name="brand-erp", title="Brand", connector="sap", kind="erp", is_masters=True)
    theirs = await rows.add("source", name="east-erp", title="East", connector="kingdee", kind="erp", state_reason="East")
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE partner SET type = 'direct' WHERE id = $1", own)
    piece = await rows.product(code="P-1")
    for source in (ours, theirs):
        await rows.add("identity_link", noun="product", source_id=source, key=f"key-{source}", golden_id=piece)
    await rows.order(partner_id=west, product=piece)
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE product SET source_id = $1", theirs)
    sold = await rows.order(key="SO-EAST", partner_id=east, buyer_partner_id=west, product=piece)
    await rows.order(key="SO-OWN", partner_id=own, product=piece)
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE sales_order SET source_id = $1 WHERE id = $2", theirs, sold)
    document = """{ sources { nodes { name title connector kind stateReason } }
        products { nodes { sync { source { name } } externalRefs { externalId source { name } } } }
        orders { nodes { number sync { source { name title } } externalRefs { source { name } } } }
        found: sources(filter: {name: {contains: "east"}}) { totalCount } }"""
    for viewer in (Viewer(Role.PARTNER, partner_id=west), Viewer(Role.DIRECT_SALES)):
        answer = await ask(document, viewer)
        assert answer["errors"] == []
        told = orjson.dumps(answer["data"]).decode().replace("SO-EAST", "").lower()
        assert "east" not in told
        assert "kingdee" not in told
        assert {one["name"] for one in answer["data"]["sources"]["nodes"]} == {"brand-erp", "acme", "ERP"}
        (product,) = answer["data"]["products"]["nodes"]
        assert product["sync"]["source"]["name"] == "ERP"
        assert {one["source"]["name"] for one in product["externalRefs"]} == {"brand-erp", "acme"}
        assert answer["data"]["found"]["totalCount"] == 0
    east_sees = await ask(document, Viewer(Role.PARTNER, partner_id=east))
    assert {one["name"] for one in east_sees["data"]["sources"]["nodes"]} == {"brand-erp", "east-erp", "FILE"}


async def test_who_only_counts_reads_no_person_anywhere(rows: Rows, ask: Any) -> None:
    customers = [await rows.customer(code=name, name=name, kind="consumer") for name in ("Li Na", "Li Wei")]
    await rows.add("identity_candidate", noun="customer", left_id=customers[0], right_id=customers[1], score=1, reason="name")
    await rows.reject(value="Li Na", body=b"Li Na")
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE raw_record SET body = 'Li Na'")
    document = """{ customers { nodes { name sync { raw { body bodyBytes } } } } rejects { nodes { value raw { body } } }
        identityCandidates { nodes { left { name } right { name } } } }"""
    for role in (Role.ANALYST, Role.SERVICE):
        answer = await ask(document, Viewer(role))
        assert answer["errors"] == []
        assert "Li " not in orjson.dumps(answer["data"]).decode()
        assert answer["data"]["customers"]["nodes"][0]["sync"]["raw"] == {"body": None, "bodyBytes": 5}
    admins = await ask(document)
    assert admins["data"]["rejects"]["nodes"] == [{"value": "Li Na", "raw": {"body": "Li Na"}}]
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE stream SET model = 'product'")
    answer = await ask(document, Viewer(Role.ANALYST))
    assert answer["data"]["rejects"]["nodes"] == [{"value": "Li Na", "raw": {"body": "Li Na"}}]


async def test_sums_are_over_the_lines_of_assigned_groups(rows: Rows, ask: Any) -> None:
    west = await rows.partner()
    order = await rows.order(partner_id=west, product=await rows.product(product_group="X"), lines=2)
    other = await rows.product(product_group="Y")
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE order_line SET product_id = $1 WHERE order_id = $2 AND number = 2", other, order)
    document = """{ orders(orderBy: [{field: TOTAL}]) {
        nodes { total { amount } netTotal { amount } lines(first: 9) { totalCount } }
        edges { cursor }
        aggregates { total { amount } groupBy(dimensions: [STATE]) { total { amount } } } }
        dear: orders(filter: {total: {gte: "150", currency: "CNY"}}) { totalCount } }"""
    for groups, total, lines, dear in ((frozenset({"X"}), "100", 1, 0), (frozenset(), "200", 2, 1)):
        answer = await ask(document, Viewer(Role.CHANNEL_MANAGER, partner_ids=frozenset({west}), product_groups=groups))
        assert answer["errors"] == []
        amount = {"amount": total}
        orders = answer["data"]["orders"]
        assert orders["nodes"] == [{"total": amount, "netTotal": amount, "lines": {"totalCount": lines}}]
        assert orders["aggregates"] == {"total": [amount], "groupBy": [{"total": [amount]}]}
        assert answer["data"]["dear"]["totalCount"] == dear


async def test_a_finding_about_two_partners_names_both_in_its_text_alone(rows: Rows, ask: Any) -> None:
    found = await furnish(rows)
    viewer = Viewer(Role.CHANNEL_MANAGER, partner_ids=frozenset({found["west"]}))
    document = """{ conflicts(orderBy: [{field: DETECTED_AT}]) {
        nodes { partner { code } affectedPartners { code } wording { summary } } } }"""
    answer = await ask(document, viewer)
    assert "east" in answer["data"]["conflicts"]["nodes"][1].pop("wording")["summary"]
    assert answer["data"]["conflicts"]["nodes"][0].pop("wording")
    assert answer["data"]["conflicts"]["nodes"] == [
        {"partner": {"code": "west"}, "affectedPartners": []},
        {"partner": None, "affectedPartners": [{"code": "west"}]},
    ]


async def test_a_partner_reads_its_own_claims_among_the_evidence(rows: Rows, ask: Any) -> None:
    mine, others = await rows.partner(), await rows.partner()
    said = {"program": "Q1", "amount": Decimal(5), "currency": "CNY", "claim_date": date(2026, 3, 1)}
    claims = [await rows.canonical("claim", partner_id=partner, **said) for partner in (mine, others)]
    case = await rows.case(partner_id=mine, state="investigating", rule="duplicate_claim")
    records = [
        {"code": code, "noun": "claim", "id": claim, "facts": {"program": "Q1"}, "hash": "ab"}
        for code, claim in zip(("claim", "kept_claim"), claims, strict=True)
    ]
    await rows.conflict(
        partner_id=mine,
        case_id=case,
        rule="duplicate_claim",
        classification="exact",
        evidence={"claim": "CL2", "kept": "CL1", "program": "Q1", "invoice_ref": "I", "records": records},
    )
    document = "{ conflicts { nodes { evidenceCount evidence { code facts { value } } wording { summary } } } }"
    (shown,) = (await ask(document, Viewer(Role.PARTNER, partner_id=mine)))["data"]["conflicts"]["nodes"]
    assert (shown["evidenceCount"], [one["code"] for one in shown["evidence"]]) == (1, ["claim"])
    assert "CL2" in shown["wording"]["summary"]
    assert "CL1" not in shown["wording"]["summary"]
