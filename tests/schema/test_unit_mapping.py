"""A proposal of the unit doctor is accepted, the source's records are counted by it, and the finding goes."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.settings import Settings, SourceSettings
from hub.store import unit_mapping
from hub.store.database import Store
from hub.store.user import Person, add_user
from jobs.detect import detect
from jobs.replay import replay_run
from jobs.sources import ensure_source
from jobs.sync import sync_source
from schema.ids import global_id
from schema.root import build_schema
from tests.trading import NOON
from tests.web import Client, Deferred, token, web

ACCEPT = """mutation ($i: AcceptUnitMappingInput!) { acceptUnitMapping(input: $i) {
    waiting runs { state trigger } userErrors { code message } } }"""
MAPPINGS = """{ unitMappings { nodes { source { name } product { sku } unitsPerPiece state lineCount
    proposedBy { displayName } acceptedBy { displayName } } } }"""
SHEETS = {
    "regions": "code,kind\nCN,country\nCN-SH,province\n",
    "partners": "code,name,home_region\nA,Alpha,CN-SH\nB,Beta,CN-SH\n",
    "products": "sku,base_sku,units_per_pack,product_group\nP1,,1,X\nP1-12,P1,12,X\n",
    "orders": "order_id,line_no,order_kind,order_date,seller,ship_to_region,sku,qty,amount,currency\n"
    + "".join(f"O{n},1,sell_out,2026-03-10,A,CN-SH,P1,1,{price},CNY\n" for n, price in enumerate((100, 100, 101, 99, 100)))
    + "O9,1,sell_out,2026-03-10,B,CN-SH,P1-12,12,1200,CNY\nO8,1,sell_out,2026-03-11,B,CN-SH,P1-12,5,500,CNY\n",
}


@pytest.fixture
async def brand(store: Store, tmp_path: Path) -> Settings:
    """A hub that has read a folder in which one seller counts pieces as dozens, and has judged it."""
    for name, text in SHEETS.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    one = SourceSettings(name="brand", connector="sheet", settings={"folder": str(tmp_path)})
    settings = Settings(home=tmp_path, source=[one])
    await ensure_source(store, settings, one, managed_by="file")
    assert all(outcome.ok for outcome in await sync_source(store, settings, "brand"))
    await detect(store, at=NOON)
    return settings


async def person(store: Store, email: str) -> str:
    async with store.transaction() as connection:
        user_id = await add_user(connection, Person(email=email, name=email, roles=("admin",)))
    return await token(store, "admin", user_id=user_id)


async def finding(store: Store) -> str:
    async with store.connection() as connection:
        return global_id("Conflict", await connection.fetchval("SELECT id FROM conflict WHERE rule = 'unit_mapping_suspect'"))


async def units(store: Store) -> dict[str, Decimal]:
    """Return how many base units each order's line counts."""
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT o.key, l.qty * p.units_per_pack AS units FROM order_line AS l JOIN sales_order AS o ON o.id = l.order_id"
            " JOIN product AS p ON p.id = l.product_id WHERE o.key IN ('O8', 'O9')"
        )
    return {row["key"]: row["units"] for row in rows}


async def states(store: Store) -> list[str]:
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT state FROM conflict WHERE rule = 'unit_mapping_suspect'")
    return [row["state"] for row in rows]


async def say(client: Client, token: str, key: str, **more: Any) -> Any:
    return (await client.data(ACCEPT, token=token, variables={"i": {"idempotencyKey": key} | more}))["acceptUnitMapping"]


async def carry_out(store: Store, settings: Settings, jobs: Deferred) -> None:
    """Do what was deferred, and judge."""
    for run_id in jobs.runs:
        await replay_run(store, settings, run_id)
    jobs.runs.clear()
    await detect(store, at=NOON)


async def test_an_accepted_mapping_makes_the_units_right_and_can_be_taken_back(store: Store, brand: Settings) -> None:
    assert await units(store) == {"O8": 60, "O9": 144}
    jobs, conflict, admin = Deferred(), await finding(store), await person(store, "a@example.com")
    async with web(store, build_schema(), jobs=jobs) as client:
        payload = await say(client, admin, "1", conflictId=conflict)
        assert (payload["waiting"], payload["userErrors"]) == (False, [])
        assert {run["trigger"] for run in payload["runs"]} == {"MAPPING"}
        assert await say(client, admin, "1", conflictId=conflict) == payload
        await carry_out(store, brand, jobs)
        assert await units(store) == {"O8": 5, "O9": 12}
        assert await states(store) == ["resolved_by_data"]
        (mapping,) = (await client.data(MAPPINGS))["unitMappings"]["nodes"]
        assert (mapping["product"], mapping["unitsPerPiece"], mapping["state"], mapping["lineCount"]) == (
            {"sku": "P1-12"}, "1", "ACCEPTED", 2,
        )  # fmt: skip
        refused = await say(client, admin, "2", conflictId=conflict)
        assert "Only an open finding" in refused["userErrors"][0]["message"]
        await say(client, admin, "3", conflictId=conflict, withdraw=True)
        await carry_out(store, brand, jobs)
        assert await units(store) == {"O8": 60, "O9": 144}
        assert await states(store) == ["open"]


async def test_many_lines_need_a_second_person(store: Store, brand: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_mapping, "MANY_LINES", 1)
    jobs, conflict = Deferred(), await finding(store)
    first, second = await person(store, "a@example.com"), await person(store, "b@example.com")
    async with web(store, build_schema(), jobs=jobs) as client:
        assert await say(client, first, "1", conflictId=conflict) == {"waiting": True, "runs": [], "userErrors": []}
        assert "another person" in (await say(client, first, "2", conflictId=conflict))["userErrors"][0]["message"]
        assert "named user" in (await say(client, client.token, "3", conflictId=conflict))["userErrors"][0]["message"]
        await carry_out(store, brand, jobs)
        assert await units(store) == {"O8": 60, "O9": 144}
        assert not (await say(client, second, "4", conflictId=conflict))["waiting"]
        await carry_out(store, brand, jobs)
    assert await units(store) == {"O8": 5, "O9": 12}
