"""What changed in grants, prices and promotions between two days, over the API: the same as at the command line, by role."""

from typing import Any

from hub.store.database import Store
from schema.context import Role, Viewer
from tests.trading import World, example_world

FIELDS = "fields { field before after }"
DIFF = f"""query ($from: Date!, $to: Date!) {{ policyDiff(fromDay: $from, toDay: $to) {{ fromDay toDay
    policyVersion {{ before {{ number }} after {{ number }} changes {{ path before after }} }}
    territoryGrants(first: 10) {{ totalCount nodes {{ change before {{ partner {{ code }} exclusivity }}
        after {{ partner {{ code }} exclusivity }} {FIELDS} }} }}
    pricePolicies(first: 10) {{ totalCount nodes {{ change before {{ kind }} after {{ kind }} {FIELDS} }} }}
    promotions(first: 10) {{ totalCount nodes {{ change after {{ name partner {{ code }} }} {FIELDS} }} }}
    unitMappings(first: 10) {{ totalCount nodes {{ product {{ sku }} unitsPerPiece }} }} }} }}"""
DAYS = {"from": "2026-03-01", "to": "2026-06-18"}


async def moving(store: Store) -> World:
    """The example world in which a grant follows another, one begins, a price falls and a promotion is for one partner."""
    world = await example_world(store)
    await world.grant("G1", "SH-A", "CN-SH", end="2026-04-01")
    await world.grant("G1b", "SH-A", "CN-SH", start="2026-04-01", exclusivity="sole")
    await world.grant("G4", "JS-C", "CN-BJ", start="2026-05-01")
    await world.price("PP3", "wholesale", "80", end="2026-04-01")
    await world.price("PP3b", "wholesale", "75", start="2026-04-01")
    await world.promotion("own", "2026-06-01", "2026-07-01", product="P1", partner="GD-B")
    await world.policy(2, "2026-04-01", thresholds={"cross_region_sale": {"min_units": 20}})
    return world


async def asked(ask: Any, viewer: Viewer, **days: str) -> Any:
    answer = await ask(DIFF, viewer, **(DAYS | days))
    assert answer["errors"] == []
    return answer["data"]["policyDiff"]


def changes(page: Any) -> list[str]:
    return sorted(one["change"] for one in page["nodes"])


async def test_rows_stand_side_by_side(store: Store, ask: Any) -> None:
    world = await moving(store)
    await world.run(
        "INSERT INTO unit_mapping (source_id, product_id, numerator, denominator, conflict_id, line_count, state, proposed_by,"
        " proposed_at, accepted_at) VALUES ($1, $2, 1, 4, 0, 3, 'accepted', 0, '2026-05-01Z', '2026-05-02Z')",
        await world.source(), world.ids["product", "P1"],
    )  # fmt: skip
    found = await asked(ask, Viewer(Role.ADMIN))
    assert (found["fromDay"], found["toDay"]) == ("2026-03-01", "2026-06-18")
    version = found["policyVersion"]
    assert (version["before"], version["after"]) == ({"number": 1}, {"number": 2})
    assert {"path": "thresholds.cross_region_sale.min_units", "before": None, "after": "20"} in version["changes"]
    began, changed = found["territoryGrants"]["nodes"]
    assert (began["change"], began["before"], began["after"]["partner"]) == ("BEGAN", None, {"code": "JS-C"})
    assert {"field": "region", "before": None, "after": "CN-BJ"} in began["fields"]
    assert (changed["before"]["exclusivity"], changed["after"]["exclusivity"]) == ("EXCLUSIVE", "SOLE")
    assert changed["fields"] == [
        {"field": "exclusivity", "before": "exclusive", "after": "sole"},
        {"field": "valid_from", "before": "2026-01-01", "after": "2026-04-01"},
        {"field": "valid_to", "before": "2026-04-01", "after": "2027-01-01"},
    ]
    (price,) = found["pricePolicies"]["nodes"]
    assert {"field": "unit_price", "before": "80", "after": "75"} in price["fields"]
    assert {"field": "valid_to", "before": "2026-04-01", "after": None} in price["fields"]
    assert changes(found["promotions"]) == ["BEGAN", "BEGAN"]
    assert found["unitMappings"] == {"totalCount": 1, "nodes": [{"product": {"sku": "P1"}, "unitsPerPiece": "0.25"}]}
    for name in ("territoryGrants", "pricePolicies", "promotions"):
        assert found[name]["totalCount"] == len(found[name]["nodes"])


async def test_what_ended_stands_without_a_successor(store: Store, ask: Any) -> None:
    world = await example_world(store)
    await world.grant("G3", "JS-C", "CN-JS", end="2026-06-01")
    (ended,) = (await asked(ask, Viewer(Role.ADMIN)))["territoryGrants"]["nodes"]
    assert (ended["change"], ended["after"], ended["before"]["partner"]) == ("ENDED", None, {"code": "JS-C"})
    assert {"field": "partner", "before": "JS-C", "after": None} in ended["fields"]


async def test_each_role_sees_what_it_sees_in_the_lists(store: Store, ask: Any) -> None:
    world = await moving(store)
    shanghai, guangdong = world.ids["partner", "SH-A"], world.ids["partner", "GD-B"]
    mine = frozenset({shanghai})
    for viewer, grants, prices, promotions, version in [
        (Viewer(Role.ANALYST), ["BEGAN", "CHANGED"], ["CHANGED"], 2, True),
        (Viewer(Role.CHANNEL_MANAGER, partner_ids=mine), ["CHANGED"], ["CHANGED"], 1, True),
        (Viewer(Role.CHANNEL_MANAGER, partner_ids=mine, product_groups=frozenset({"Y"})), [], [], 0, True),
        (Viewer(Role.CHANNEL_MANAGER), [], [], 0, False),
        (Viewer(Role.PARTNER, partner_id=shanghai), ["CHANGED"], ["CHANGED"], 1, False),
        (Viewer(Role.PARTNER, partner_id=guangdong), [], ["CHANGED"], 2, False),
        (Viewer(Role.DIRECT_SALES), [], [], 1, False),
    ]:
        found = await asked(ask, viewer)
        assert changes(found["territoryGrants"]) == grants, viewer
        assert changes(found["pricePolicies"]) == prices, viewer
        assert len(found["promotions"]["nodes"]) == promotions, viewer
        assert (found["policyVersion"] is not None) == version, viewer
        assert "JS-C" not in str(found) or viewer.role is Role.ANALYST
        assert "demo" not in str(found)


async def test_the_same_version_on_both_days_is_no_difference(store: Store, ask: Any) -> None:
    await moving(store)
    assert (await asked(ask, Viewer(Role.ADMIN), to="2026-03-31"))["policyVersion"] is None


async def test_days_the_wrong_way_round_are_refused(store: Store, ask: Any) -> None:
    answer = await ask(DIFF, Viewer(Role.ADMIN), **{"from": "2026-06-01", "to": "2026-03-01"})
    assert answer["data"]["policyDiff"] is None
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_first_and_the_last_day_are_days_like_others(store: Store, ask: Any) -> None:
    world = await moving(store)
    await world.grant("G9", "GD-B", "CN-SH", start="2026-03-05", end="9999-12-31")
    for days in ({"from": "0001-01-01", "to": "0001-01-01"}, {"from": "2026-03-01", "to": "9999-12-31"}):
        found = await asked(ask, Viewer(Role.ADMIN), **days)
        assert (found["fromDay"], found["toDay"]) == (days["from"], days["to"])
    told = await ask("{ territoryGrants(first: 50) { nodes { validTo } } }", Viewer(Role.ADMIN))
    assert "9999-12-31" in [one["validTo"] for one in told["data"]["territoryGrants"]["nodes"]]
