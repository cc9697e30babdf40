"""What rows of Tryton become."""

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from connectors import MappingError
from connectors.tryton.config import TrytonConfig
from connectors.tryton.mapping import MAPPINGS
from hub.records import Customer, InventoryLevel, Order, Region

FIXTURES = Path(__file__).parents[3] / "connectors/tryton/fixtures"
CONFIG = TrytonConfig(
    url="https://erp.example.com",
    database="tryton",
    username="channelhub",
    password="canary",
    partner="D-EAST",
    time_zone="Europe/Berlin",
    regions={"US-TX": "US-SOUTH", "AT": "DACH"},
)


def payload(name: str) -> dict[str, object]:
    content: dict[str, object] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return content


def orders(row: dict[str, object]) -> list[Order]:
    found = list(MAPPINGS["orders"](CONFIG, msgspec.json.encode(row)))
    return [order for order in found if isinstance(order, Order)]


@pytest.mark.parametrize("name", sorted(file.name.removesuffix(".records.json") for file in FIXTURES.glob("*.records.json")))
def test_a_recorded_row_becomes_the_records_beside_it(name: str) -> None:
    records = list(MAPPINGS[name.split(".")[0]](CONFIG, (FIXTURES / f"{name}.json").read_bytes()))
    made = msgspec.json.decode(msgspec.json.encode(records))
    assert made == json.loads((FIXTURES / f"{name}.records.json").read_text(encoding="utf-8"))


def test_a_draft_and_a_quotation_are_no_orders_yet() -> None:
    assert orders(payload("orders.2")) == []
    assert orders({**payload("orders.1"), "state": "quotation"}) == []


def test_a_draft_given_up_before_it_had_a_number_is_none_either() -> None:
    assert orders({**payload("orders.2"), "state": "cancelled"}) == []


def test_a_cancelled_sale_keeps_its_lines_as_cancelled() -> None:
    (order,) = orders(payload("orders.3"))
    assert {line.status for line in order.lines} == {"cancelled"}


def test_a_sale_without_a_date_has_the_day_of_its_creation_where_the_business_is() -> None:
    (order,) = orders(payload("orders.3"))
    assert order.ordered_on.isoformat() == "2026-03-03"  # 23:30 UTC on the second is past midnight in Berlin


def test_what_is_taken_back_is_a_return_of_its_own() -> None:
    order, back = orders(payload("orders.4"))
    assert (order.kind, order.number, back.kind, back.number) == ("sell_out", "160", "return", "160-return")
    assert (back.lines[0].qty, back.lines[0].amount) == (Decimal(1), Decimal(42))


def test_a_sale_that_only_takes_back_keeps_its_number() -> None:
    row = payload("orders.4")
    lines = row["lines."]
    assert isinstance(lines, list)
    (back,) = orders({**row, "lines.": lines[1:]})
    assert (back.kind, back.number) == ("return", "160")


def test_a_line_sold_by_the_dozen_counts_the_pieces() -> None:
    order, _ = orders(payload("orders.4"))
    assert order.lines[0].qty == 24


def test_a_quantity_is_taken_by_its_decimal_text() -> None:
    (level,) = MAPPINGS["inventory"](CONFIG, msgspec.json.encode(payload("inventory.2")))
    assert isinstance(level, InventoryLevel)
    assert level.on_hand == Decimal("12.1")


US = Region(code="US", name="US", kind="country")
CALIFORNIA = Region(code="US-CA", name="US-CA", kind="province", parent="US")


@pytest.mark.parametrize(
    ("subdivision", "country", "region", "mentioned"),
    [
        ("US-TX", "US", "US-SOUTH", []),
        ("AT-9", "AT", "DACH", []),
        ("US-CA", "US", "US-CA", [CALIFORNIA, US]),
        (None, "US", "US", [US]),
        ("US-CA", None, None, []),
        (None, None, None, []),
    ],
)
def test_a_region_is_what_the_settings_call_it_or_the_finer_code(
    subdivision: str | None, country: str | None, region: str | None, mentioned: list[Region]
) -> None:
    row = payload("customers.1")
    parts = {"country.": country, "subdivision.": subdivision}
    row["addresses."] = [{"active": True, **{name: code and {"id": 1, "code": code} for name, code in parts.items()}}]
    customer, *places = MAPPINGS["customers"](CONFIG, msgspec.json.encode(row))
    assert isinstance(customer, Customer)
    # Places that stand for themselves come along; what the settings name is described elsewhere.
    assert (customer.region, places) == (region, mentioned)


def test_a_party_without_an_address_is_nowhere() -> None:
    row = {**payload("customers.1"), "addresses.": []}
    (customer,) = MAPPINGS["customers"](CONFIG, msgspec.json.encode(row))
    assert isinstance(customer, Customer)
    assert customer.region is None


def test_a_missing_field_is_named_with_its_path() -> None:
    row = payload("orders.1")
    lines = row["lines."]
    assert isinstance(lines, list)
    del lines[1]["amount"]
    with pytest.raises(MappingError) as caught:
        orders(row)
    assert (caught.value.code, caught.value.field) == ("missing", "$.lines.[1].amount")


def test_a_product_without_a_code_is_set_aside() -> None:
    with pytest.raises(MappingError) as caught:
        list(MAPPINGS["products"](CONFIG, msgspec.json.encode({**payload("products.1"), "code": None})))
    assert (caught.value.code, caught.value.field) == ("missing", "$.code")


@pytest.mark.parametrize(
    "change", [{"state": "parked"}, {"sale_date": {"year": 2026, "month": 13, "day": 1}}, {"party": None}, {"lines.": {}}]
)
def test_a_value_of_another_kind_is_set_aside(change: dict[str, object]) -> None:
    with pytest.raises(MappingError) as caught:
        orders({**payload("orders.1"), **change})
    assert caught.value.code == "bad_value"
    assert caught.value.field is not None
    assert next(iter(change)).rstrip(".") in caught.value.field


def test_a_payload_that_is_no_json_is_set_aside() -> None:
    with pytest.raises(MappingError) as caught:
        list(MAPPINGS["orders"](CONFIG, b"<html>"))
    assert caught.value.code == "undecodable"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": "NaN"}, "$.lines.[0]"),
        ({"amount": {"__class__": "Decimal", "decimal": "Infinity"}}, "$.lines.[0].amount"),
        ({"unit.": {"id": 2, "factor": 0}}, "$.lines.[0].unit."),
        ({"quantity": 1e14, "unit.": {"id": 2, "factor": 1e14}}, "$.lines.[0].quantity"),
        ({"id": 2**40}, "$.lines.[0].id"),
    ],
)
def test_a_number_that_cannot_be_reckoned_with_is_set_aside(change: dict[str, object], field: str) -> None:
    row = payload("orders.4")
    lines = row["lines."]
    assert isinstance(lines, list)
    lines[0] |= change
    with pytest.raises(MappingError) as caught:
        orders(row)
    assert (caught.value.code, caught.value.field) == ("bad_value", field)


@pytest.mark.parametrize("year", [1, 9999, 10**18])
def test_a_day_outside_the_calendar_is_set_aside(year: int) -> None:
    row = payload("orders.3")
    created = row["create_date"]
    assert isinstance(created, dict)
    created["year"] = year
    with pytest.raises(MappingError) as caught:
        orders(row)
    assert caught.value.field == "$.create_date.year"
