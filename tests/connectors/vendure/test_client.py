"""How Vendure is asked, against the model: what is found, what is found again, and what stops the reading."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import stamina
from aiohttp import web

from connectors import Checkpoint, Context, Message, Record, Reject, State, SyncMode, Window
from connectors.http import TRIES, open_http
from connectors.registry import connector
from connectors.vendure import client
from connectors.vendure.client import VendureConnector
from connectors.vendure.config import VendureConfig
from connectors.vendure.model import VendureModel, data, refused
from hub.errors import CredentialRefused, HubError, PermissionMissing, SettingsError, SourceBusy, SourceContradicts, SourceDown
from hub.records import InventoryLevel, Location, Order

START = datetime(2026, 3, 2, 8, 28, 13, 690369, UTC)
MANIFEST = connector("vendure").manifest
assert MANIFEST is not None
VENDURE = VendureConnector()


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    """What is tried again is tried at once, as often as in earnest."""
    with stamina.set_testing(True, attempts=TRIES):
        yield


@pytest.fixture
def model() -> VendureModel:
    """Three variants, of which two share a SKU, two customers, four orders placed in one second, and a cart."""
    made = VendureModel(START, username="hub", password="right")
    for sku, on_hand in (("A", 5), ("A", 7), ("B", 9)):
        level = {
            "updatedAt": made.second(),
            "stockOnHand": on_hand,
            "stockAllocated": 1,
            "stockLocation": {"id": "1", "name": "Hall"},
        }
        made.create("productVariants", sku=sku, name=f"Product {sku}", enabled=True, stockLevels=[level])
    for number in range(1, 3):
        made.create(
            "customers",
            firstName=f"Buyer {number}",
            lastName=None,
            emailAddress=f"buyer{number}@example.com",
            phoneNumber=None,
            groups=[],
            addresses=[],
        )
    for _ in range(5):
        order(made)
    for number in range(1, 5):
        made.pay(str(number))
    return made


def order(model: VendureModel) -> str:
    """Fill a cart; return its id."""
    line = {
        "id": str(len(model.lists["orders"]) + 1),
        "quantity": 1,
        "orderPlacedQuantity": 1,
        "taxRate": 20,
        "proratedLinePrice": 1000,
        "productVariant": {"sku": "A"},
    }
    return model.create(
        "orders",
        code=f"CODE-{len(model.lists['orders']) + 1}",
        state="ArrangingPayment",
        active=True,
        orderPlacedAt=None,
        currencyCode="USD",
        customer={"id": "1"},
        shippingAddress={"countryCode": "US", "province": "TX"},
        lines=[line],
    )


@pytest.fixture
async def ctx(model: VendureModel) -> AsyncIterator[Context[VendureConfig]]:
    async def sleep(wait_s: float) -> None:
        """Waiting is counted, not done."""

    async with model.served() as url, open_http("shop", None, secrets=["right"], sleep=sleep) as http:
        settings = VendureConfig(url=url, username="hub", password="right", partner="SHOP")
        yield Context("shop", settings, http, lambda: model.now, lambda *_, **__: None)


def window(model: VendureModel, lower: datetime | None = None, mode: SyncMode = SyncMode.INCREMENTAL) -> Window:
    """Everything up to now, from `lower` on."""
    return Window(lower=lower, upper=model.now, mode=mode)


async def read(ctx: Context[VendureConfig], name: str, asked: Window, state: State | None = None) -> list[Message]:
    assert MANIFEST is not None
    return [message async for message in VENDURE.read(ctx, MANIFEST.stream(name), state or {}, asked)]


def keys(messages: list[Message]) -> list[str]:
    return ["/".join(message.key) for message in messages if isinstance(message, Record)]


def mapped(ctx: Context[VendureConfig], name: str, messages: list[Message]) -> list[Any]:
    assert MANIFEST is not None
    stream = MANIFEST.stream(name)
    raws = [message.raw for message in messages if isinstance(message, Record)]
    return [record for raw in raws for record in VENDURE.normalise(ctx.config, stream, raw)]


def last(messages: list[Message]) -> Checkpoint:
    assert isinstance(messages[-1], Checkpoint)
    return messages[-1]


async def test_a_first_read_has_everything_and_carts_yield_nothing(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    for name, found in (("products", 3), ("customers", 2), ("orders", 5)):
        messages = await read(ctx, name, window(model))
        assert keys(messages) == [str(number) for number in range(1, found + 1)]
        assert (last(messages).complete, last(messages).watermark) == (True, model.now)
    orders = [one.number for one in mapped(ctx, "orders", await read(ctx, "orders", window(model))) if isinstance(one, Order)]
    assert orders == ["CODE-1", "CODE-2", "CODE-3", "CODE-4"]


async def test_a_second_record_of_the_watermarks_second_is_found(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    first = window(model)
    assert len(keys(await read(ctx, "customers", first))) == 2
    model.now += timedelta(microseconds=300_000)  # still the same second, after the first read
    model.create("customers", emailAddress="late@example.com")
    assert model.lists["customers"][3]["updatedAt"] == model.lists["customers"][2]["updatedAt"]
    assert "3" in keys(await read(ctx, "customers", window(model, first.upper)))


async def test_a_payment_that_moves_no_stamp_brings_its_order(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    state = last(await read(ctx, "orders", window(model))).state
    before = model.lists["orders"][5]["updatedAt"]
    model.now += timedelta(hours=1)
    model.pay("5")
    assert model.lists["orders"][5]["updatedAt"] == before
    messages = await read(ctx, "orders", window(model, model.now - timedelta(minutes=1)), state)
    assert "5" in keys(messages)


async def test_an_order_is_followed_to_its_end_though_no_stamp_moves(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    state = last(await read(ctx, "orders", window(model))).state
    for step, status in (("Shipped", "shipped"), ("Delivered", "delivered")):
        model.now += timedelta(hours=1)
        model.lists["orders"][2]["state"] = step
        messages = await read(ctx, "orders", window(model, model.now - timedelta(minutes=1)), state)
        found = {one.number: one for one in mapped(ctx, "orders", messages) if isinstance(one, Order)}
        assert found["CODE-2"].lines[0].status == status
        state = last(messages).state
    messages = await read(ctx, "orders", window(model, model.now - timedelta(minutes=1)), state)
    assert keys(messages) == ["1", "3", "4"]


async def test_a_read_that_breaks_off_forgets_no_open_order(
    model: VendureModel, ctx: Context[VendureConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE", 2)
    state: State = {"open": ["1", "2", "3", "4"]}
    for row in model.lists["orders"].values():
        row["state"] = "Delivered"
    model.now += timedelta(hours=1)
    messages = await read(ctx, "orders", window(model, model.now - timedelta(minutes=1)), state)
    assert keys(messages) == ["1", "2", "3", "4"]
    *between, end = [message for message in messages if isinstance(message, Checkpoint)]
    assert [one.state for one in between] == [state, state]
    assert end.state == {"open": []}


async def test_an_order_placed_long_ago_is_left_to_the_scan(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.now += client.STILL_CHANGING + timedelta(days=1)
    messages = await read(ctx, "orders", window(model, model.now - timedelta(minutes=1)))
    assert (keys(messages), last(messages).state) == ([], {"open": []})


async def test_a_deleted_customer_is_missing_from_a_reconcile(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.now += timedelta(hours=1)
    model.delete("customers", "1")
    assert keys(await read(ctx, "customers", window(model, model.now))) == []
    assert keys(await read(ctx, "customers", window(model, model.now, SyncMode.RECONCILE))) == ["2"]


async def test_variants_of_one_sku_are_one_level(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    messages = await read(ctx, "inventory", window(model, model.now))
    assert keys(messages) == ["1/A", "1/B"]
    records = mapped(ctx, "inventory", messages)
    assert [(one.sku, one.on_hand, one.reserved) for one in records if isinstance(one, InventoryLevel)] == [
        ("A", Decimal(12), Decimal(2)),
        ("B", Decimal(9), Decimal(1)),
    ]
    assert {one for one in records if isinstance(one, Location)} == {Location(code="1", name="Hall", partner="SHOP")}


async def test_a_level_without_a_place_or_a_sku_is_set_aside(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.lists["productVariants"][1]["sku"] = ""
    model.lists["productVariants"][3]["stockLevels"][0]["stockLocation"] = None
    messages = await read(ctx, "inventory", window(model))
    assert [message.code for message in messages if isinstance(message, Reject)] == ["missing_key", "missing_key"]
    assert keys(messages) == ["1/A"]


async def test_an_item_without_an_id_is_set_aside(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.lists["customers"][1]["id"] = None
    messages = await read(ctx, "customers", window(model))
    assert [message.code for message in messages if isinstance(message, Reject)] == ["missing_key"]
    assert keys(messages) == ["2"]


async def test_a_session_that_ended_costs_one_more_login(
    model: VendureModel, ctx: Context[VendureConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, "customers", 1)
    assert MANIFEST is not None
    seen: list[Message] = []
    async for message in VENDURE.read(ctx, MANIFEST.stream("customers"), {}, window(model)):
        seen.append(message)
        if isinstance(message, Checkpoint) and model.opened == 1:
            model.sessions.clear()
    assert keys(seen) == ["1", "2"]
    assert model.opened == 2


async def test_a_session_that_never_holds_is_not_renewed_for_ever(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.forgets = True
    with pytest.raises(PermissionMissing):
        await read(ctx, "customers", window(model))
    assert model.opened == 1


async def test_a_wrong_password_is_refused_and_not_repeated(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.password = "changed"
    with pytest.raises(CredentialRefused, match="username and password") as caught:
        await VENDURE.check(ctx)
    assert "right" not in str(caught.value)
    assert ctx.http.requests == 1


async def test_check_names_what_may_not_be_read(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    assert (await VENDURE.check(ctx)).missing == ()
    model.refused.add("orders")
    (missing,) = (await VENDURE.check(ctx)).missing
    assert missing.startswith("orders: hub may not read")
    with pytest.raises(PermissionMissing):
        await read(ctx, "orders", window(model))


async def test_discover_counts_what_there_is(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    catalog = await VENDURE.discover(ctx)
    assert catalog.counts == {"products": 3, "customers": 2, "inventory": 3, "orders": 5}
    assert catalog == await VENDURE.discover(ctx)


def short(monkeypatch: pytest.MonkeyPatch, name: str, take: int) -> None:
    """Ask for so many items a page."""
    one = dataclasses.replace(client.QUERIES[name], take=take)
    monkeypatch.setattr(client, "QUERIES", {**client.QUERIES, name: one})


async def test_more_than_vendure_gives_at_once_is_refused_in_a_sentence(
    model: VendureModel, ctx: Context[VendureConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, "customers", 1_001)
    with pytest.raises(SourceContradicts, match=r"Cannot take more than 1000 .*USER_INPUT_ERROR"):
        await read(ctx, "customers", window(model))


async def test_the_same_page_for_ever_is_not_read_for_ever(
    model: VendureModel, ctx: Context[VendureConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, "customers", 1)
    model.stuck = True
    with pytest.raises(SourceContradicts, match="same page of customers twice"):
        await read(ctx, "customers", window(model))
    assert ctx.http.requests == 3  # the login and two pages


async def test_a_short_page_in_the_middle_does_not_end_the_read(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    first, second = model.lists["customers"].values()
    model.answers.extend(
        [
            opened(model),
            data({"customers": {"totalItems": 2, "items": [first]}}),
            data({"customers": {"totalItems": 2, "items": [second]}}),
        ]
    )
    assert keys(await read(ctx, "customers", window(model))) == ["1", "2"]


async def test_what_moves_up_while_a_list_is_read_is_not_missed(
    model: VendureModel, ctx: Context[VendureConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    short(monkeypatch, "orders", 2)
    assert MANIFEST is not None
    seen: list[Message] = []
    async for message in VENDURE.read(ctx, MANIFEST.stream("orders"), {}, window(model)):
        seen.append(message)
        if isinstance(message, Checkpoint) and 1 in model.lists["orders"]:
            model.delete("orders", "1")
    assert set(keys(seen)) == {"1", "2", "3", "4", "5"}


async def test_a_source_that_gives_less_than_it_counted_is_not_complete(
    model: VendureModel, ctx: Context[VendureConfig]
) -> None:
    model.answers.extend(
        [
            opened(model),
            data({"customers": {"totalItems": 9, "items": list(model.lists["customers"].values())}}),
            data({"customers": {"totalItems": 9, "items": []}}),
        ]
    )
    with pytest.raises(SourceContradicts, match="counted 9 customers and gave 2"):
        await read(ctx, "customers", window(model))


def opened(model: VendureModel) -> web.Response:
    """A good answer to the login."""
    return model.login({"u": model.username, "p": model.password})


def cut() -> web.Response:
    """An answer whose body is announced longer than it is."""
    return web.Response(body=b'{"data":{"login":{"__type', content_type="application/json")


def page(status: int) -> web.Response:
    return web.Response(status=status, text="<!doctype html><title>right</title>", content_type="text/html")


@pytest.mark.parametrize(
    ("answer", "error", "requests"),
    [
        (lambda: page(404), SettingsError, 1),
        (lambda: page(401), CredentialRefused, 1),
        (lambda: page(200), SourceDown, TRIES),
        (lambda: page(502), SourceDown, TRIES),
        (cut, SourceDown, TRIES),
        (lambda: web.Response(body=b'{"errors":[{"message":"\xff"}]}'), SourceDown, TRIES),
        (lambda: web.json_response({}), SourceContradicts, 1),
        (lambda: data({"login": None}), SourceContradicts, 1),
        (lambda: refused("USER_INPUT_ERROR", "right is wrong"), SourceContradicts, 1),
        (lambda: web.Response(status=429, headers={"Retry-After": "3600"}), SourceBusy, 1),
    ],
)
async def test_an_answer_that_is_none_has_its_own_consequence(
    model: VendureModel,
    ctx: Context[VendureConfig],
    answer: Callable[[], web.Response],
    error: type[HubError],
    requests: int,
) -> None:
    model.answers.extend(answer() for _ in range(requests))
    with pytest.raises(error) as caught:
        await VENDURE.check(ctx)
    assert "right" not in str(caught.value)
    assert ctx.http.requests == requests


async def test_a_page_that_is_none_is_told(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.answers.extend([opened(model), data({"customers": {"totalItems": "many"}})])
    with pytest.raises(SourceContradicts, match=r"customers is not what its API describes: .*totalItems"):
        await read(ctx, "customers", window(model))


async def test_one_bad_answer_costs_a_second_request(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.answers.extend([cut(), page(503)])
    assert len(keys(await read(ctx, "customers", window(model)))) == 2


async def test_a_short_wait_is_waited(model: VendureModel, ctx: Context[VendureConfig]) -> None:
    model.answers.append(web.Response(status=429, headers={"Retry-After": "7"}))
    assert len(keys(await read(ctx, "customers", window(model)))) == 2
    assert (ctx.http.throttled, ctx.http.waited_s) == (1, 7.0)


def test_an_unknown_time_zone_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="Europe/Berlin"):
        msgspec.convert({"url": "", "username": "", "password": "", "partner": "", "time_zone": "Berlin"}, VendureConfig)
