"""Who sees what, on every path."""

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
    "identityCandidates": 1, "products": 2, "regions": 2,
}  # fmt: skip
NOTHING = {name: 2 if name in ("products", "regions") else 0 for name in EVERYTHING}
HALF = {
    name: count // 2 if name not in ("products", "regions", "pricePolicies", "syncRuns") else count
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
        (Viewer(Role.PARTNER, partner_id=found["west"]), own | {"alerts": 0, "syncRuns": 0}),
        (Viewer(Role.PARTNER), NOTHING),
        (Viewer(Role.DIRECT_SALES), NOTHING),
    ]:
        assert await counts(ask, viewer) == wanted, viewer


async def test_assigned_product_groups_narrow_what_a_manager_sees(rows: Rows, ask: Any) -> None:
    found = await furnish(rows)
    west = frozenset({found["west"]})
    seen = await counts(ask, Viewer(Role.CHANNEL_MANAGER, partner_ids=west, product_groups=frozenset({"X"})))
    assert (seen["orders"], seen["territoryGrants"], seen["inventoryLevels"]) == (2, 1, 1)
    none = await counts(ask, Viewer(Role.CHANNEL_MANAGER, partner_ids=west, product_groups=frozenset({"Y"})))
    assert (none["orders"], none["territoryGrants"], none["inventoryLevels"], none["conflictCases"]) == (0, 0, 0, 0)


async def test_no_path_leads_a_partner_to_what_is_anothers(rows: Rows, ask: Any) -> None:
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
    for state, more in [("investigating", {}), ("arbitration", {}), ("closed", {"evidence_hash": "ab"})]:
        await rows.conflict(partner_id=west, case_id=await rows.case(partner_id=west, state=state, **more))
    assert (await ask(document, viewer))["data"] == {"conflictCases": {"totalCount": 3}, "conflicts": {"totalCount": 3}}


async def test_what_a_role_may_not_read_is_null_with_one_error_and_the_rest_arrives(rows: Rows, ask: Any) -> None:
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
