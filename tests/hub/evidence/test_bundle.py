"""What is frozen stays, and is the same text whenever it says the same."""

import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conflicts.registry import all_rules
from hub.errors import NeedsPerson
from hub.evidence.bundle import Bundle, Frozen, canonical, freeze, freeze_case, gather, hashed, kept, named
from hub.store.database import Store
from tests.trading import NOON, World, example_world

KEYS = st.text(max_size=4)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


async def sold_next_door(store: Store) -> World:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.order("R1", "GD-B", "CN-SH", [("P1", "1", "70")], kind="return", returns=("O1", 1))
    await world.detect()
    return world


async def ids(store: Store, rule: str) -> list[int]:
    async with store.connection() as connection:
        return [row["id"] for row in await connection.fetch("SELECT id FROM conflict WHERE rule = $1 ORDER BY id", rule)]


async def frozen(store: Store, conflict_ids: list[int]) -> tuple[Frozen, Bundle]:
    async with store.transaction() as connection:
        made = await freeze(connection, conflict_ids, NOON)
        found = await kept(connection, made.hash)
    assert found is not None
    return made, found


def turned(document: Any) -> Any:
    """Return the same document with the keys of every object the other way round."""
    if isinstance(document, dict):
        return {key: turned(document[key]) for key in reversed(document)}
    return [turned(one) for one in document] if isinstance(document, list) else document


@given(DOCUMENTS)
@settings(max_examples=60)
def test_the_hash_hangs_on_what_is_said_and_not_on_the_order_of_keys(document: Any) -> None:
    text = canonical(document)
    assert canonical(turned(document)) == text
    assert orjson.loads(text) == document
    assert canonical(orjson.loads(text)) == text
    assert hashed(text) == sha256(text).hexdigest()


def test_a_text_has_its_keys_in_order_and_no_white_space() -> None:
    assert canonical({"中": "窜货", "b": [1, {"d": None, "c": "a b"}]}) == '{"b":[1,{"c":"a b","d":null}],"中":"窜货"}'.encode()


async def test_a_bundle_holds_all_that_a_finding_rests_on(store: Store) -> None:
    await sold_next_door(store)
    _, bundle = await frozen(store, await ids(store, "cross_region_sale"))
    (finding,) = bundle.findings
    assert (finding["rule"], finding["rule_version"], finding["policy_version"], finding["class"]) == (
        "cross_region_sale", 1, 1, "suspected"
    )  # fmt: skip
    assert (finding["subject"], finding["affected"], finding["region"], finding["state"]) == ("GD-B", "SH-A", "CN-SH", "open")
    assert (finding["profile"]["name"], finding["profile"]["territory_rules"]) == ("CN", "case")
    assert finding["policy"]["thresholds"]["min_units"] == "12"
    assert (finding["policy"]["version"], finding["policy"]["timezone"]) == (1, "Asia/Shanghai")
    assert [term["code"] for term in finding["terms"]] == ["impact", "depth", "evidence", "recurrence", "spread"]
    assert finding["watermark_at"] == "2026-03-31T12:00:00.000000Z"
    assert {one["filter"] for one in finding["filters_tried"]} >= {"no_destination"}
    codes = {record["code"]: record for record in finding["records"]}
    assert codes.keys() == {"sale_line", "holder_grant", "seller_grant", "wholesale_price"}
    steps = {step["name"]: (step["formula"], step["value"]) for step in codes["sale_line"]["derivation"]}
    assert steps["net_units"] == ("max(0, 40 − 1)", "39")
    assert steps["unit_net"] == ("2800 × 1 ÷ (1 × 40)", "70")
    assert steps["value"] == ("39 × 70", "2730")
    assert (codes["holder_grant"]["facts"]["partner"], codes["holder_grant"]["revision"]) == ("SH-A", 1)
    assert codes["sale_line"]["revision"] is None


async def test_the_price_a_rule_compares_with_is_derived_on_the_day_it_was_compared(store: Store) -> None:
    world = await example_world(store)
    await world.price("PP1", "map", "10", currency="USD")
    await world.fx("2026-01-01", "USD", "10")
    await world.fx("2026-03-08", "USD", "11")
    await world.offer("tm-1", "2026-03-05T04:00:00Z", "90", "Shop", evidence="ab")
    await world.offer("tm-1", "2026-03-10T04:00:00Z", "88", "Shop", evidence="cd")
    await world.order("O1", "GD-B", "CN-GD", [("P1", "20", "1000")], day="2026-03-09")
    await world.price("PP3", "wholesale", "8", currency="USD")
    await world.detect()
    for rule, reference in (("below_policy_offer", ("10 × 11", "110")), ("tier_inversion", ("8 × 11", "88"))):
        _, bundle = await frozen(store, await ids(store, rule))
        (finding,) = bundle.findings
        (price,) = (record for record in finding["records"] if record["code"] == "reference_price")
        steps = {step["name"]: step for step in price["derivation"]}
        assert (steps["reference"]["formula"], steps["reference"]["value"]) == reference
        assert steps["reference"]["value"] == finding["evidence"]["reference"]
        assert (steps["rate"]["value"], steps["rate"]["day"]) == ("11", "2026-03-08")


async def test_every_record_of_a_rule_leads_to_a_payload(store: Store) -> None:
    nouns = {
        noun
        for pair in all_rules().values()
        for one in pair.statements.values()
        for noun in re.findall(r"hub_evidence\([^,]+,\s*'(\w+)'", one.sql)
    }
    assert nouns >= {"order_line", "offer", "price_policy", "inventory_month"}
    async with store.connection() as connection:
        text = await connection.fetchval("SELECT pg_get_functiondef('hub_raw_of'::regproc)")
    assert {noun for noun in nouns if f"'{noun}'" not in text} == set()


async def test_freezing_the_same_evidence_again_finds_the_bundle(store: Store) -> None:
    world = await sold_next_door(store)
    conflict_ids = await ids(store, "cross_region_sale")
    first, bundle = await frozen(store, conflict_ids)
    assert hashed(bundle.body.encode()) == bundle.hash == first.hash
    async with store.transaction() as connection:
        assert await freeze(connection, conflict_ids, NOON + timedelta(days=1)) == first
    await world.order("O1", "GD-B", "CN-SH", [("P1", "41", "2870")], invoice="INV1")
    await world.detect()
    second, _ = await frozen(store, conflict_ids)
    assert second != first
    async with store.connection() as connection:
        assert await kept(connection, first.hash) == bundle


async def test_a_case_is_frozen_with_all_its_findings(store: Store) -> None:
    world = await sold_next_door(store)
    await world.order("O2", "GD-B", "CN-SH", [("P1", "50", "3500")], invoice="INV2")
    await world.detect()
    conflict_ids = await ids(store, "cross_region_sale")
    async with store.connection() as connection:
        number = await connection.fetchval("SELECT number FROM conflict_case WHERE rule = 'cross_region_sale'")
        assert await named(connection, str(number)) == conflict_ids
        findings = await gather(connection, conflict_ids)
        assert await named(connection, findings[0]["key"]) == [findings[0]["id"]]
    assert {one["case"] for one in findings} == {number}
    assert [one["key"] for one in findings] == sorted(one["key"] for one in findings)
    assert len(findings) == 2


async def test_a_case_names_its_frozen_evidence(store: Store) -> None:
    await sold_next_door(store)
    async with store.transaction() as connection:
        case_id = await connection.fetchval("SELECT id FROM conflict_case WHERE rule = 'cross_region_sale'")
        made = await freeze_case(connection, case_id, NOON)
        assert made is not None
        assert await connection.fetchval("SELECT evidence_hash FROM conflict_case WHERE id = $1", case_id) == made.hash
        assert await freeze(connection, await ids(store, "cross_region_sale"), NOON) == made
        await connection.execute("UPDATE conflict SET case_id = NULL")
        assert await freeze_case(connection, case_id, NOON) is None


async def test_what_many_findings_rest_on_is_read_in_one_statement(store: Store) -> None:
    world = await sold_next_door(store)
    for number in range(2, 6):
        await world.order(f"O{number}", "GD-B", "CN-SH", [("P1", "50", "3500")])
    await world.detect()
    conflict_ids = await ids(store, "cross_region_sale")
    asked: list[str] = []
    async with store.connection() as connection:
        with connection.query_logger(lambda query: asked.append(query.query)):
            assert len(await gather(connection, conflict_ids)) == 5
    assert len(asked) == 1


@pytest.mark.parametrize(
    "change",
    ["UPDATE evidence_bundle SET frozen_at = now()", "DELETE FROM evidence_bundle", "TRUNCATE evidence_bundle"],
)
async def test_nobody_changes_a_bundle(store: Store, change: str) -> None:
    await sold_next_door(store)
    await frozen(store, await ids(store, "cross_region_sale"))
    async with store.connection() as connection:
        with pytest.raises(asyncpg.RestrictViolationError, match="stays as it is"):
            await connection.execute(change)


async def test_a_bundle_has_the_hash_of_its_text_whoever_writes_it(store: Store) -> None:
    async with store.connection() as connection:
        written = await connection.fetchval(
            "INSERT INTO evidence_bundle (hash, body, conflict_ids, frozen_at) VALUES ('00', '{}', '{}', now()) RETURNING hash"
        )
    assert written == hashed(b"{}")


async def test_nothing_is_frozen_for_a_finding_that_is_not_there(store: Store) -> None:
    async with store.transaction() as connection:
        for missing in ([], [1]):
            with pytest.raises(NeedsPerson):
                await freeze(connection, missing, NOON)
        for name in ("7", "feed", "９"):
            with pytest.raises(NeedsPerson, match="no finding"):
                await named(connection, name)
