"""A run from claim to outcome, with real files and a real shop on loopback."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stamina
from aiohttp import web

from connectors.vendure.model import VendureModel
from hub.errors import SettingsError
from hub.records.message import SyncMode
from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from hub.store.sync_run import claim, request
from jobs.replay import replay
from jobs.sources import ensure_sources
from jobs.sync import Outcome, sync, sync_source

START = datetime(2026, 3, 2, 8, 28, 13, 690369, UTC)
REGIONS = "code,kind\nUS,country\n"
PARTNERS = "code,name\nSHOP,The shop\nP1,One\n"
PRODUCTS = "sku,base_sku,units_per_pack\nS1-12,S1,12\nS1,,1\n"
HEADER = "order_id,order_kind,order_date,seller,ship_to_region,sku,qty,amount,currency"


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """A folder of sheets with the masters of a small channel."""
    for name, text in (("regions", REGIONS), ("partners", PARTNERS), ("products", PRODUCTS)):
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


@pytest.fixture
async def shop() -> AsyncIterator[tuple[VendureModel, str]]:
    """A shop with one product, one customer and one order that is paid."""
    model = VendureModel(datetime.now(UTC), username="hub", password="right")
    model.create("productVariants", sku="S9", name="Nine", enabled=True, stockLevels=[])
    model.create(
        "customers", firstName="Ann", lastName="T", emailAddress="ann@example.com", phoneNumber=None, groups=[], addresses=[]
    )
    place(model)
    async with model.served() as url:
        yield model, url


def place(model: VendureModel) -> str:
    """Put a paid order into the shop."""
    line = {
        "id": str(len(model.lists["orders"]) + 1),
        "quantity": 2,
        "orderPlacedQuantity": 2,
        "taxRate": 20,
        "proratedLinePrice": 4200,
        "productVariant": {"sku": "S9"},
    }
    order = model.create(
        "orders", code=f"C{line['id']}", state="ArrangingPayment", active=True, orderPlacedAt=None, currencyCode="USD",
        customer={"id": "1"}, shippingAddress={"countryCode": "US", "province": "TX"}, lines=[line],
    )  # fmt: skip
    model.pay(order)
    return order


def configured(sheets: Path, url: str = "http://127.0.0.1:9/admin-api") -> Settings:
    """Return the settings of a hub with a folder as masters and a shop."""
    shop = {"url": url, "username": "hub", "password": "env:SHOP_PASSWORD", "partner": "SHOP"}
    return Settings(
        home=sheets,
        masters="brand",
        source=[
            SourceSettings(name="brand", connector="sheet", settings={"folder": str(sheets)}),
            SourceSettings(name="shop", connector="vendure", settings=shop),
        ],
    )


async def brought(store: Store, settings: Settings, name: str, **options: Any) -> dict[str, Outcome]:
    """Bring a source up to date and return the outcomes by stream."""
    await ensure_sources(store, settings)
    return {outcome.stream: outcome for outcome in await sync_source(store, settings, name, **options)}


async def rows(store: Store, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    async with store.connection() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]


async def test_a_second_import_changes_nothing(store: Store, sheets: Path) -> None:
    (sheets / "orders.csv").write_text(f"{HEADER}\nO1,sell_out,2026-03-01,P1,US,S1,4,80,USD\n")
    first = await brought(store, configured(sheets), "brand")
    assert {name: o.counts.new for name, o in first.items() if o.counts.new} == {
        "regions": 1, "partners": 2, "products": 2, "orders": 1,
    }  # fmt: skip
    again = await brought(store, configured(sheets), "brand")
    assert sum(o.counts.read for o in again.values()) == 0
    whole = await brought(store, configured(sheets), "brand", mode=SyncMode.RECONCILE)
    assert sum(o.counts.unchanged for o in whole.values()) == 6
    assert sum(o.counts.changed + o.counts.new for o in whole.values()) == 0


async def test_a_bad_row_says_where_it_stands_and_a_fixed_file_clears_it(store: Store, sheets: Path) -> None:
    good, bad = "O1,sell_out,2026-03-01,P1,US,S1,4,80,USD", "O2,sell_out,2026-03-01,P1,US,S1,4,1.234,56,USD"
    wrong = "O3,sell_out,03/04/2026,P1,US,S1,4,80,USD"
    (sheets / "orders.csv").write_text(f"{HEADER}\n{good}\n{bad}\n{wrong}\n")
    outcome = (await brought(store, configured(sheets), "brand"))["orders"]
    assert (outcome.state, outcome.counts.new, outcome.counts.rejected) == ("succeeded_with_rejects", 1, 2)
    found = await rows(store, "SELECT code, place FROM reject ORDER BY code")
    assert found == [
        ("bad_date", {"file": "orders.csv", "line": 4, "column": "order_date"}),
        ("bad_width", {"file": "orders.csv", "line": 3}),
    ]
    (sheets / "orders.csv").write_text(
        f"{HEADER}\n{good}\n{bad.replace('1.234,56', '1234.56')}\n{wrong.replace('03/04/2026', '2026-03-04')}\n"
    )
    outcome = (await brought(store, configured(sheets), "brand"))["orders"]
    assert (outcome.state, outcome.counts.new, outcome.counts.unchanged) == ("succeeded", 2, 1)
    assert await rows(store, "SELECT DISTINCT state FROM reject") == [("superseded",)]


async def test_rows_that_wait_for_another_source_are_stored_when_it_comes(
    store: Store, sheets: Path, shop: tuple[VendureModel, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "right")
    settings = configured(sheets, shop[1])
    early = await brought(store, settings, "shop")
    assert early["orders"].counts.rejected == 1  # the hub does not know the partner whose shop it is
    assert await rows(store, "SELECT code, waits_key FROM reject") == [("unknown_ref", "SHOP")]
    await brought(store, settings, "brand")
    assert await rows(store, "SELECT state FROM reject") == [("replayed",)]
    assert await rows(store, "SELECT key, total FROM sales_order") == [("C1", 42)]


async def test_the_hub_follows_the_shop(
    store: Store, sheets: Path, shop: tuple[VendureModel, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "right")
    model, url = shop
    settings = configured(sheets, url)
    await brought(store, settings, "brand")
    await brought(store, settings, "shop")
    twins = [place(model), place(model)]
    second = await brought(store, settings, "shop")
    assert second["orders"].counts.new == len(twins)
    model.delete("customers", "1")
    for _ in range(2):
        await brought(store, settings, "shop", mode=SyncMode.RECONCILE)
    assert await rows(store, "SELECT deleted_at IS NULL FROM customer") == [(False,)]
    assert await rows(store, "SELECT count(*) FROM sales_order WHERE deleted_at IS NULL") == [(3,)]


async def test_a_refused_password_needs_a_person_and_names_no_secret(
    store: Store, sheets: Path, shop: tuple[VendureModel, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "canary")
    outcome = (await brought(store, configured(sheets, shop[1]), "shop"))["products"]
    assert (outcome.state, "canary" in str(outcome)) == ("failed", False)
    ((state, reason),) = await rows(store, "SELECT state, state_reason FROM source WHERE name = 'shop'")
    assert (state, "canary" in reason) == ("reauth_required", False)
    monkeypatch.setenv("SHOP_PASSWORD", "right")
    await brought(store, configured(sheets, shop[1]), "shop")
    assert await rows(store, "SELECT state, state_reason FROM source WHERE name = 'shop'") == [("active", None)]


async def test_an_unreachable_source_is_tried_again_later(store: Store, sheets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "right")
    with stamina.set_testing(True, attempts=2):
        outcome = (await brought(store, configured(sheets), "shop"))["products"]
    assert (outcome.state, outcome.retry_at is not None) == ("failed", True)
    assert "did not answer" in (outcome.error or "")
    assert await rows(store, "SELECT state FROM source WHERE name = 'shop'") == [("active",)]


async def test_a_source_that_breaks_off_keeps_what_it_gave(
    store: Store, sheets: Path, shop: tuple[VendureModel, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "right")
    model, url = shop
    settings = configured(sheets, url)
    await brought(store, settings, "brand")
    for _ in range(150):
        model.create("productVariants", sku=f"V{len(model.lists['productVariants'])}", name="More", stockLevels=[])
    served, first = model.answer, []

    async def second_page_breaks(request: web.Request) -> web.Response:
        first.append(request)
        return web.Response(status=502) if len(first) > 2 else await served(request)

    monkeypatch.setattr(model, "answer", second_page_breaks)
    async with model.served() as broken:
        with stamina.set_testing(True, attempts=2):
            outcome = (await brought(store, configured(sheets, broken), "shop"))["products"]
    assert (outcome.state, outcome.counts.new) == ("partial", 100)
    outcome = (await brought(store, settings, "shop"))["products"]
    assert (outcome.state, outcome.counts.new, outcome.counts.unchanged) == ("succeeded", 51, 100)


async def test_a_setting_that_is_missing_or_unknown_is_one_sentence(store: Store, sheets: Path) -> None:
    settings = configured(sheets)
    outcome = (await brought(store, settings, "shop"))["products"]
    assert outcome.error == "The environment variable SHOP_PASSWORD is not set; a setting refers to it."
    with pytest.raises(SettingsError, match="brand, shop"):
        await sync_source(store, settings, "nobody")
    with pytest.raises(SettingsError, match="orders"):
        await sync_source(store, settings, "shop", streams=["nothing"])


async def test_a_replay_maps_again_without_the_source(
    store: Store, sheets: Path, shop: tuple[VendureModel, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "right")
    model, url = shop
    settings = configured(sheets, url)
    await brought(store, settings, "brand")
    await brought(store, settings, "shop")
    changed = settings.source[1].model_copy(update={"settings": {**settings.source[1].settings, "channel": "web"}})
    later = settings.model_copy(update={"source": [settings.source[0], changed]})
    asked = model.opened
    done = await replay(store, later, "shop")
    assert model.opened == asked
    assert {one.stream: one.counts.changed for one in done}["orders"] == 1
    assert await rows(store, "SELECT channel FROM sales_order") == [("web",)]


async def test_a_run_that_is_done_is_not_done_again(store: Store, sheets: Path) -> None:
    settings = configured(sheets)
    await brought(store, settings, "brand")
    ((run_id, stream_id, fence),) = await rows(
        store,
        "SELECT r.id, st.id, st.fence FROM sync_run AS r JOIN stream AS st ON st.id = r.stream_id WHERE st.name = 'regions'",
    )
    assert await sync(store, settings, run_id) is None
    assert await rows(store, "SELECT fence FROM stream WHERE id = $1", stream_id) == [(fence,)]


async def test_an_older_slot_that_waits_is_superseded(store: Store, sheets: Path) -> None:
    settings = configured(sheets)
    await ensure_sources(store, settings)
    ((source_id, stream_id),) = await rows(
        store,
        "SELECT st.source_id, st.id FROM stream AS st JOIN source AS s ON s.id = st.source_id"
        " WHERE s.name = 'brand' AND st.name = 'regions'",
    )
    async with store.connection() as connection:
        older, newer = [
            await request(connection, source_id=source_id, stream_id=stream_id, slot=START.replace(minute=minute))
            for minute in (1, 2)
        ]
        assert await request(connection, source_id=source_id, stream_id=stream_id, slot=START.replace(minute=2)) is None
    assert newer is not None
    assert await claim(store, newer) is not None
    assert await rows(store, "SELECT state FROM sync_run WHERE id = $1", older) == [("superseded",)]


async def test_a_full_read_without_a_file_deletes_nothing(store: Store, sheets: Path) -> None:
    (sheets / "orders.csv").write_text(f"{HEADER}\nO1,sell_out,2026-03-01,P1,US,S1,4,80,USD\n")
    await brought(store, configured(sheets), "brand")
    (sheets / "orders.csv").write_bytes(b"\xff\xfe\xff")
    for _ in range(3):
        await brought(store, configured(sheets), "brand", mode=SyncMode.RECONCILE)
    (sheets / "orders.csv").unlink()
    for _ in range(3):
        await brought(store, configured(sheets), "brand", mode=SyncMode.RECONCILE)
    assert await rows(store, "SELECT key FROM sales_order WHERE deleted_at IS NULL") == [("O1",)]
