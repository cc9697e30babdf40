"""What items of Vendure become."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors import MappingError
from connectors.vendure.config import VendureConfig
from connectors.vendure.mapping import MAPPINGS
from hub.records import CanonicalRecord, Customer, InventoryLevel, Location, Order, Region

FIXTURES = Path(__file__).parents[3] / "connectors/vendure/fixtures"
CONFIG = VendureConfig(
    url="https://shop.example.com/admin-api",
    username="channelhub",
    password="canary",
    partner="SHOP-EU",
    time_zone="Europe/Berlin",
    regions={"US-CA": "US-WEST", "DE": "DACH"},
)


def payload(name: str, **changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return content | changes


def mapped(stream: str, item: dict[str, Any], config: VendureConfig = CONFIG) -> list[CanonicalRecord]:
    return list(MAPPINGS[stream](config, msgspec.json.encode(item)))


def ordered(item: dict[str, Any]) -> Order:
    order = mapped("orders", item)[0]
    assert isinstance(order, Order)
    return order


def line(price: int, **changes: Any) -> dict[str, Any]:
    first: dict[str, Any] = payload("orders.1")["lines"][0]
    return first | {"proratedLinePrice": price} | changes


def test_a_cart_is_no_order_yet() -> None:
    assert mapped("orders", payload("orders.2")) == []
    assert mapped("orders", payload("orders.2", state="Draft", active=False)) == []


def test_the_sum_of_what_several_sellers_sold_is_not_counted_again() -> None:
    assert mapped("orders", payload("orders.1", type="Aggregate")) == []
    assert len(mapped("orders", payload("orders.1", type="Seller"))) == 2


@pytest.mark.parametrize(
    ("currency", "minor", "amount"),
    [("USD", 18853, "188.53"), ("JPY", 1500, "1500"), ("KWD", 1500, "1.500"), ("EUR", -5, "-0.05"), ("KRW", 0, "0")],
)
def test_money_comes_in_the_smallest_unit_of_its_currency(currency: str, minor: int, amount: str) -> None:
    order = ordered(payload("orders.1", currencyCode=currency, lines=[line(minor)]))
    assert (str(order.lines[0].amount), order.currency) == (amount, currency)


def test_the_business_day_is_that_of_the_shop() -> None:
    assert ordered(payload("orders.1")).ordered_on.isoformat() == "2026-11-24"  # 23:33 UTC on the day before
    late = payload("orders.1", orderPlacedAt="9999-12-31T23:59:59Z")
    with pytest.raises(MappingError, match="outside the calendar"):
        ordered(late)


def test_a_cancelled_line_keeps_what_was_ordered() -> None:
    sold, cancelled = ordered(payload("orders.1")).lines
    assert (sold.qty, sold.status) == (Decimal(1), "open")
    assert (cancelled.qty, cancelled.amount, cancelled.status) == (Decimal(2), Decimal(0), "cancelled")


def test_all_lines_of_a_cancelled_order_are_cancelled() -> None:
    order = ordered(payload("orders.1", state="Cancelled"))
    assert {line.status for line in order.lines} == {"cancelled"}
    assert order.source_status == "Cancelled"


@pytest.mark.parametrize(
    ("state", "status"), [("PaymentSettled", "open"), ("Shipped", "shipped"), ("Delivered", "delivered"), ("NewState", "open")]
)
def test_a_line_is_as_far_as_its_order(state: str, status: str) -> None:
    assert ordered(payload("orders.1", state=state)).lines[0].status == status


def test_lines_are_numbered_by_their_ids_or_else_in_order() -> None:
    assert [line.number for line in ordered(payload("orders.1")).lines] == [4, 5]
    ids = ["0d1f-a", "9" * 5_000]
    order = ordered(payload("orders.1", lines=[line(1, id=id) for id in ids]))
    assert [line.number for line in order.lines] == [1, 2]


def test_a_guest_has_an_order_without_a_customer() -> None:
    order = ordered(payload("orders.3"))
    assert (order.customer, order.ship_to_region) == (None, None)


def test_variants_of_one_sku_have_one_stock() -> None:
    level, place = mapped("inventory", payload("inventory.1"))
    assert isinstance(level, InventoryLevel)
    assert isinstance(place, Location)
    assert (level.on_hand, level.reserved, level.as_of.isoformat()) == (Decimal(1171), Decimal(24), "2026-11-25T15:40:47+00:00")
    assert level.location == place.code


@pytest.mark.parametrize(
    ("country", "province", "region", "named"),
    [
        ("US", "CA", "US-WEST", []),
        ("US", "TX", "US", [Region(code="US", name="US", kind="country")]),
        ("DE", None, "DACH", []),
        ("FR", "", "FR", [Region(code="FR", name="FR", kind="country")]),
        (None, "CA", None, []),
    ],
)
def test_a_region_is_what_the_settings_call_it_or_the_country(
    country: str | None, province: str | None, region: str | None, named: list[Region]
) -> None:
    address = {"province": province, "country": country and {"code": country}}
    customer, *more = mapped("customers", payload("customers.1", addresses=[address]))
    assert isinstance(customer, Customer)
    assert (customer.region, more) == (region, named)
    order, *more = mapped("orders", payload("orders.1", shippingAddress={"countryCode": country, "province": province}))
    assert isinstance(order, Order)
    assert (order.ship_to_region, more) == (region, named)


@pytest.mark.parametrize("addresses", [None, []])
def test_a_customer_without_an_address_is_nowhere(addresses: list[object] | None) -> None:
    (customer,) = mapped("customers", payload("customers.1", addresses=addresses))
    assert isinstance(customer, Customer)
    assert customer.region is None


def test_a_missing_field_is_named_with_its_path() -> None:
    item = payload("orders.1")
    del item["lines"][1]["proratedLinePrice"]
    with pytest.raises(MappingError) as caught:
        ordered(item)
    assert (caught.value.code, caught.value.field) == ("missing", "$.lines[1].proratedLinePrice")


@pytest.mark.parametrize(
    ("stream", "item", "field"),
    [
        ("products", payload("products.1", sku=""), "$.sku"),
        ("orders", payload("orders.1", code=""), "$.code"),
        ("orders", payload("orders.1", lines=[line(1), line(1, productVariant={"sku": ""})]), "$.lines[1].productVariant.sku"),
    ],
)
def test_an_empty_code_is_a_missing_one(stream: str, item: dict[str, Any], field: str) -> None:
    with pytest.raises(MappingError) as caught:
        mapped(stream, item)
    assert (caught.value.code, caught.value.field) == ("missing", field)


@pytest.mark.parametrize(
    ("stream", "item", "field"),
    [
        ("orders", payload("orders.1", orderPlacedAt="yesterday"), "$.orderPlacedAt"),
        ("orders", payload("orders.1", orderPlacedAt="2026-11-23T23:33:25"), "$.orderPlacedAt"),
        ("orders", payload("orders.1", lines={}), "$.lines"),
        ("orders", payload("orders.1", lines=[line(1, taxRate="NaN")]), "$.lines[0].taxRate"),
        ("inventory", payload("inventory.1", parts=[]), "$.parts"),
    ],
)
def test_a_value_of_another_kind_is_set_aside(stream: str, item: dict[str, Any], field: str) -> None:
    with pytest.raises(MappingError) as caught:
        mapped(stream, item)
    assert (caught.value.code, caught.value.field) == ("bad_value", field)
