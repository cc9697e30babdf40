"""How Tryton is asked, against the model: what is found, what is found once, and what stops the reading."""

import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiohttp import web

from connectors import Checkpoint, Context, Message, Record, Reject, State, SyncMode, Window
from connectors.http import open_http
from connectors.registry import connector
from connectors.tryton.client import TrytonConnector
from connectors.tryton.config import TrytonConfig
from connectors.tryton.model import TrytonModel, failed, result, wrapped
from hub.errors import CredentialRefused, HubError, PermissionMissing, SettingsError, SourceContradicts, SourceDown
from hub.records import InventoryLevel, Location

START = datetime(2026, 3, 2, 8, 28, 13, 690369, UTC)
MANIFEST = connector("tryton").manifest
assert MANIFEST is not None
TRYTON = TrytonConnector()


@pytest.fixture
def model() -> TrytonModel:
    """Three products in one warehouse, two parties and five draft sales, all made at one instant."""
    made = TrytonModel(START, database="erp", username="hub", password="right")
    unit = made.create("product.uom", factor=1.0)
    country = made.create("country.country", code="US")
    currency = made.create("currency.currency", code="USD")
    warehouse = made.create("stock.location", type="warehouse", code="WH", name="Warehouse", address=None)
    for table in ("country.subdivision", "product.identifier", "party.identifier", "party.contact_mechanism"):
        made.tables[table] = {}
    for number in range(1, 4):
        template = made.create("product.template", name=f"Product {number}")
        product = made.create(
            "product.product",
            code=f"SKU-{number}",
            name=f"Product {number}",
            type="goods",
            template=template,
            identifiers=[],
            default_uom=unit,
        )
        made.stock[warehouse, product] = 10.0 * number
    for number in range(1, 3):
        address = made.create("party.address", country=country, subdivision=None)
        made.create(
            "party.party",
            name=f"Buyer {number}",
            email="",
            phone="",
            website="",
            tax_identifier=None,
            addresses=[address],
            contact_mechanisms=[],
            identifiers=[],
        )
    for _ in range(5):
        line = made.create("sale.line", quantity=1.0, amount=None, product=1, unit=unit)
        made.create(
            "sale.sale",
            number=None,
            state="draft",
            shipment_state="none",
            party=1,
            sale_date=None,
            currency=currency,
            warehouse=warehouse,
            shipment_address=1,
            lines=[line],
        )
    return made


@pytest.fixture
async def ctx(model: TrytonModel) -> AsyncIterator[Context[TrytonConfig]]:
    async with model.served() as url, open_http("erp", None, secrets=["right"]) as http:
        settings = TrytonConfig(url=url, database="erp", username="hub", password="right", partner="D-EAST")
        yield Context("erp", settings, http, lambda: model.now, lambda *_, **__: None)


def window(model: TrytonModel, lower: datetime | None = None, mode: SyncMode = SyncMode.INCREMENTAL) -> Window:
    """Everything up to now, from `lower` on."""
    return Window(lower=lower, upper=model.now + timedelta(microseconds=1), mode=mode)


async def read(ctx: Context[TrytonConfig], name: str, asked: Window, state: State | None = None) -> list[Message]:
    assert MANIFEST is not None
    return [message async for message in TRYTON.read(ctx, MANIFEST.stream(name), state or {}, asked)]


def keys(messages: list[Message]) -> list[str]:
    return ["/".join(message.key) for message in messages if isinstance(message, Record)]


async def test_what_was_never_changed_is_found_by_its_creation(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    model.now += timedelta(hours=1)
    model.create("sale.sale", **{**model.tables["sale.sale"][1], "lines": []})
    assert keys(await read(ctx, "orders", window(model, START + timedelta(minutes=1)))) == ["6"]


async def test_equal_stamps_across_a_page_border_are_all_read_and_once(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    model.most = 2
    assert keys(await read(ctx, "orders", window(model))) == ["1", "2", "3", "4", "5"]


async def test_a_record_changed_after_the_window_waits_for_the_next(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    first = window(model)
    model.now += timedelta(hours=1)
    model.write("sale.sale", 2, state="quotation", number="1")
    assert keys(await read(ctx, "orders", first)) == ["1", "3", "4", "5"]
    assert keys(await read(ctx, "orders", window(model, first.upper))) == ["2"]


@pytest.mark.parametrize(
    ("stream", "table", "change"),
    [
        ("orders", "sale.line", {"quantity": 3.0}),
        ("customers", "party.address", {"subdivision": None}),
        ("products", "product.template", {"name": "New name"}),
    ],
)
async def test_a_part_that_changes_by_itself_brings_its_record(
    model: TrytonModel, ctx: Context[TrytonConfig], stream: str, table: str, change: dict[str, object]
) -> None:
    model.now += timedelta(hours=1)
    model.write(table, 2, **change)
    assert keys(await read(ctx, stream, window(model, START + timedelta(minutes=1)))) == ["2"]


async def test_a_broken_read_is_finished_and_then_brought_up_to_date(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    assert MANIFEST is not None
    model.most = 2
    model.now += timedelta(hours=1)
    reading = TRYTON.read(ctx, MANIFEST.stream("orders"), {}, window(model))
    seen = [await anext(reading) for _ in range(3)]
    kept = seen.pop()
    assert isinstance(kept, Checkpoint)
    model.answers.append(failed("database is locked", ""))
    with pytest.raises(SourceDown):
        await anext(reading)
    assert keys(seen) == ["1", "2"]

    model.now += timedelta(hours=1)
    model.write("sale.line", 1, quantity=2.0)
    rest = await read(ctx, "orders", window(model), kept.state)
    assert keys(rest) == ["3", "4", "5", "1"]
    assert isinstance(rest[-1], Checkpoint)
    assert (rest[-1].complete, rest[-1].state, rest[-1].watermark) == (True, {}, model.now + timedelta(microseconds=1))


async def test_a_bookmark_of_a_later_time_does_not_shorten_a_back_fill(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    later = (START + timedelta(days=1)).isoformat()
    state: State = {"lower": later, "upper": later, "after": 4}
    assert len(keys(await read(ctx, "orders", window(model), state))) == 5


async def test_a_reconcile_yields_every_key_there_is(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    model.delete("sale.sale", 3)
    model.write("party.party", 2, active=False)
    scan = window(model, START + timedelta(days=1), SyncMode.RECONCILE)
    assert keys(await read(ctx, "orders", scan)) == ["1", "2", "4", "5"]
    assert keys(await read(ctx, "customers", scan)) == ["1", "2"]


async def test_stock_is_read_whole_though_nothing_is_stamped(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    assert MANIFEST is not None
    model.stock[1, 2] = 7.5
    model.now += timedelta(hours=1)
    messages = await read(ctx, "inventory", window(model, START + timedelta(minutes=1)))
    assert keys(messages) == ["1/warehouse", "1/1", "1/2", "1/3"]
    stream = MANIFEST.stream("inventory")
    place, *levels = (
        record
        for message in messages
        if isinstance(message, Record)
        for record in TRYTON.normalise(ctx.config, stream, message.raw)
    )
    assert place == Location(code="WH", name="Warehouse", partner="D-EAST")
    assert [(level.sku, float(level.on_hand)) for level in levels if isinstance(level, InventoryLevel)] == [
        ("SKU-1", 10.0),
        ("SKU-2", 7.5),
        ("SKU-3", 30.0),
    ]


async def test_a_session_that_ended_costs_one_more_login(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    assert MANIFEST is not None
    model.most = 2
    seen: list[Message] = []
    async for message in TRYTON.read(ctx, MANIFEST.stream("orders"), {}, window(model)):
        seen.append(message)
        if isinstance(message, Checkpoint) and model.opened == 1:
            model.sessions.clear()
    assert keys(seen) == ["1", "2", "3", "4", "5"]
    assert model.opened == 2


async def test_a_session_that_never_holds_is_refused(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    model.forgets = True
    with pytest.raises(CredentialRefused):
        await read(ctx, "orders", window(model))
    assert model.opened == 2


async def test_a_wrong_password_is_refused_and_not_repeated(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    model.password = "changed"
    with pytest.raises(CredentialRefused, match="user name and the password") as caught:
        await TRYTON.check(ctx)
    assert "right" not in str(caught.value)


async def test_check_names_what_may_not_be_read(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    assert (await TRYTON.check(ctx)).missing == ()
    model.refused.add("sale.sale")
    del model.tables["stock.location"]
    sales, stock = (await TRYTON.check(ctx)).missing
    assert 'You are not allowed to access "sale.sale".' in sales
    assert "'stock.location'" in stock


async def test_discover_counts_stock_once_per_warehouse(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    catalog = await TRYTON.discover(ctx)
    assert catalog.counts == {"products": 3, "customers": 2, "inventory": 4, "orders": 5}
    assert catalog == await TRYTON.discover(ctx)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: failed("UserError", ["You are not allowed.", "", None]), PermissionMissing),
        (lambda: failed("LoginException", ["otp", "Code", "char"]), CredentialRefused),
        (lambda: failed("'shipment_state'", ""), SettingsError),
        (lambda: result([{"id": 0}]), SourceContradicts),
        (lambda: web.Response(text="<html>back soon</html>"), SourceDown),
    ],
)
async def test_an_answer_that_is_no_page_stops_the_read(
    model: TrytonModel, ctx: Context[TrytonConfig], answer: Callable[[], web.Response], error: type[HubError]
) -> None:
    model.answers.extend([result([1, "t", None]), result({}), answer()])
    with pytest.raises(error):
        await read(ctx, "orders", window(model))


async def test_a_row_without_an_id_is_set_aside(model: TrytonModel, ctx: Context[TrytonConfig]) -> None:
    model.answers.extend(
        [result([1, "t", None]), result({}), result([{"number": "7"}, {"id": 9, "write_date": wrapped(START)}])]
    )
    messages = await read(ctx, "orders", window(model))
    assert [message.code for message in messages if isinstance(message, Reject)] == ["missing_key"]
    assert keys(messages) == ["9"]


async def test_a_database_that_is_not_there_is_a_matter_of_settings(ctx: Context[TrytonConfig]) -> None:
    elsewhere = dataclasses.replace(ctx, config=msgspec.structs.replace(ctx.config, database="other"))
    with pytest.raises(SettingsError, match="check url and database"):
        await TRYTON.check(elsewhere)


def test_an_unknown_time_zone_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        TrytonConfig(url="", database="", username="", password="", partner="", time_zone="Berlin")
