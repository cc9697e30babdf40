"""One row to one record: what comes out, and which fault a row is set aside for."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import connectors.sheet
from connectors.sheet.config import SheetConfig
from connectors.sheet.mapping import normalise
from connectors.sheet.nouns import NOUNS, STREAMS
from connectors.sheet.reading import Reading
from hub.errors import MappingError, SettingsError
from hub.records import Customer, Order, Partner, Product, Promotion, Region
from hub.records.message import Record

FIXTURES = Path(connectors.sheet.__file__).parent / "fixtures"
CONFIG = SheetConfig(folder=".")
ORDER = {"order_id": "O1", "order_kind": "sell_out", "order_date": "2026-03-01", "seller": "A", "customer": "C",
         "sku": "P1", "qty": "4", "amount": "10", "currency": "CNY"}  # fmt: skip
ROWS: dict[str, dict[str, Any]] = {
    "regions": {"code": "CN"},
    "partners": {"code": "A", "name": "Alpha"},
    "partner_aliases": {"alias": "shop", "partner": "A"},
    "customers": {"code": "C"},
    "products": {"sku": "P1"},
    "locations": {"code": "W"},
    "fx_rates": {"date": "2026-03-01", "currency": "USD", "rate": "7.1"},
    "territory_grants": {"grant_id": "G", "partner": "A", "region": "CN", "exclusivity": "sole", "valid_from": "2026-01-01"},
    "price_policies": {"policy_id": "PP", "kind": "map", "sku": "P1", "unit_price": "1", "currency": "CNY",
                       "valid_from": "2026-01-01"},
    "promotions": {"promotion_id": "PR", "valid_from": "2026-06-18", "valid_to": "2026-06-21"},
    "deal_registrations": {"deal_id": "D", "partner": "A", "customer": "C", "registered_at": "2026-01-10",
                           "status": "approved"},
    "orders": ORDER,
    "offers": {"listing_id": "L", "observed_at": "2026-03-01", "seller": "s", "channel": "tmall", "sku": "P1", "price": "1",
               "currency": "CNY"},
    "inventory_levels": {"location": "W", "sku": "P1", "as_of": "2026-03-01", "on_hand": "1"},
    "inventory_months": {"partner": "A", "sku": "P1", "month": "2026-03", "opening": "1", "closing": "1", "sell_in": "0",
                         "sell_out": "0"},
    "claims": {"claim_id": "CL", "partner": "A", "program": "Q1", "sku": "P1", "qty": "1", "amount": "1", "currency": "CNY",
               "claim_date": "2026-03-05"},
    "reservations": {"reservation_id": "R", "location": "W", "sku": "P1", "qty": "1", "reserved_at": "2026-03-01"},
    "shipments_serials": {"event_id": "E", "serial": "S", "sku": "P1", "event": "ship_out", "partner": "A",
                          "happened_at": "2026-03-01"},
}  # fmt: skip


def mapped(noun: str, config: SheetConfig = CONFIG, /, **changes: Any) -> Any:
    """Map the noun's smallest good row with some cells changed; None takes a cell away."""
    row = {name: cell for name, cell in {**ROWS[noun], **changes}.items() if cell is not None}
    (record,) = normalise(config, noun, json.dumps(row).encode())
    return record


@pytest.mark.parametrize("stream", STREAMS)
def test_the_fixtures_map_to_the_records_beside_them(stream: str) -> None:
    config = SheetConfig(folder=str(FIXTURES))
    raws = [message.raw for message in Reading(config, stream, {}).messages() if isinstance(message, Record)]
    records = msgspec.json.decode(msgspec.json.encode([one for raw in raws for one in normalise(config, stream, raw)]))
    assert records == json.loads((FIXTURES / f"{stream}.records.json").read_text(encoding="utf-8"))
    assert len(records) == 1


@pytest.mark.parametrize("noun", NOUNS)
def test_the_required_columns_are_enough(noun: str) -> None:
    assert mapped(noun) == mapped(noun)


@pytest.mark.parametrize(("noun", "column"), [(one.name, column.name) for one in NOUNS.values() for column in one.columns
                                               if column.required])  # fmt: skip
def test_a_required_cell_that_is_empty_is_missing(noun: str, column: str) -> None:
    with pytest.raises(MappingError) as error:
        mapped(noun, **{column: "　"})
    assert (error.value.code, error.value.field) == ("missing", column)


def test_an_empty_cell_takes_the_default_of_its_column() -> None:
    assert mapped("regions") == Region(code="CN", name="CN", kind="zone")
    assert mapped("partners") == Partner(code="A", name="Alpha")
    assert mapped("customers") == Customer(code="C")
    assert mapped("products") == Product(sku="P1", name="P1", base_sku="P1")
    assert mapped("promotions") == Promotion(
        promotion_id="PR", name="PR", valid_from=date(2026, 6, 18), valid_to=date(2026, 6, 21)
    )
    order = mapped("orders")
    assert (order.channel, order.initiated, order.lines[0].number, order.lines[0].status) == ("trade", "unknown", 1, "open")


def test_a_return_has_no_minus_sign_and_names_its_first_line() -> None:
    order = mapped("orders", order_kind="return", qty="-1", amount="-2.5", return_of_order="O0", updated_at="2026-03-02")
    (line,) = order.lines
    assert isinstance(order, Order)
    assert (line.qty, line.amount, line.return_of) == (Decimal(1), Decimal("2.5"), ("O0", 1))
    assert order.updated_at == datetime(2026, 3, 2, tzinfo=UTC)


def test_the_cost_of_a_line_is_in_the_orders_currency() -> None:
    assert mapped("orders", cost_amount="3").lines[0].cost_currency == "CNY"
    assert mapped("orders").lines[0].cost_currency is None


@pytest.mark.parametrize(
    ("noun", "changes", "code", "column"),
    [
        ("partners", {"credit_limit": "5"}, "conditional", "credit_currency"),
        ("partners", {"credit_limit": "-5"}, "out_of_range", "credit_limit"),
        ("partner_aliases", {"partner": None}, "conditional", "partner"),
        ("products", {"unit_cost": "5"}, "conditional", "cost_currency"),
        ("products", {"units_per_pack": "12"}, "not_base_sku", "units_per_pack"),
        ("products", {"units_per_pack": "0", "base_sku": "P"}, "out_of_range", "units_per_pack"),
        ("fx_rates", {"rate": "0"}, "out_of_range", "rate"),
        ("territory_grants", {"valid_to": "2026-01-01"}, "empty_interval", "valid_to"),
        ("price_policies", {"valid_to": "2025-12-31"}, "empty_interval", "valid_to"),
        ("price_policies", {"unit_price": "0"}, "out_of_range", "unit_price"),
        ("promotions", {"valid_to": "2026-06-18"}, "empty_interval", "valid_to"),
        ("promotions", {"floor_price": "5"}, "conditional", "currency"),
        ("deal_registrations", {"customer": None}, "conditional", "customer"),
        ("deal_registrations", {"amount": "5"}, "conditional", "currency"),
        ("deal_registrations", {"currency": "CNY"}, "conditional", "amount"),
        ("orders", {"seller": None}, "conditional", "seller"),
        ("orders", {"order_kind": "sell_in", "customer": None}, "conditional", "buyer_partner"),
        ("orders", {"order_kind": "transfer", "customer": None}, "conditional", "buyer_partner"),
        ("orders", {"qty": "0"}, "out_of_range", "qty"),
        ("orders", {"qty": "-1"}, "out_of_range", "qty"),
        ("orders", {"order_kind": "return", "qty": "0"}, "out_of_range", "qty"),
        ("orders", {"amount": "-1"}, "out_of_range", "amount"),
        ("orders", {"return_of_order": "O0"}, "conditional", "return_of_order"),
        ("orders", {"order_kind": "return", "return_of_line": "1"}, "conditional", "return_of_order"),
        ("orders", {"line_no": "0"}, "out_of_range", "line_no"),
        ("offers", {"price": "0"}, "out_of_range", "price"),
        ("inventory_levels", {"on_hand": "-1"}, "out_of_range", "on_hand"),
        ("inventory_months", {"closing": "-1"}, "out_of_range", "closing"),
        ("claims", {"sku": None}, "conditional", "sku"),
        ("claims", {"qty": None}, "conditional", "qty"),
        ("reservations", {"qty": "0"}, "out_of_range", "qty"),
        ("shipments_serials", {"partner": None}, "conditional", "partner"),
        ("shipments_serials", {"event": "retail_scan", "partner": None}, "conditional", "region"),
        ("regions", {"updated_at": "yesterday"}, "bad_datetime", "updated_at"),
        ("regions", {"deleted": "perhaps"}, "bad_bool", "deleted"),
        ("regions", {"neighbours": "A|" + "x" * 200}, "unknown_ref", "neighbours"),
    ],
)
def test_a_combination_that_does_not_hold_is_named(noun: str, changes: dict[str, Any], code: str, column: str) -> None:
    with pytest.raises(MappingError) as error:
        mapped(noun, **changes)
    assert (error.value.code, error.value.field) == (code, column)


@pytest.mark.parametrize(
    ("noun", "changes"),
    [
        ("partner_aliases", {"partner": None, "status": "not_partner"}),
        ("products", {"base_sku": "P0", "units_per_pack": "12"}),
        ("orders", {"order_kind": "sell_in", "seller": None}),
        ("orders", {"order_kind": "return", "seller": "A"}),
        ("claims", {"kind": "mdf", "sku": None, "qty": None}),
        ("shipments_serials", {"event": "consumer_scan", "partner": None, "region": "CN"}),
        ("shipments_serials", {"event": "consumer_scan"}),
        ("inventory_months", {"adjustments": "-2"}),
    ],
)
def test_a_combination_that_holds_is_taken(noun: str, changes: dict[str, Any]) -> None:
    mapped(noun, **changes)


def test_the_first_bad_column_of_the_header_is_the_one_that_is_named() -> None:
    first = {
        "qty": "many",
        "seller": "",
        "order_date": "never",
        **{k: v for k, v in ORDER.items() if k not in ("qty", "seller")},
    }
    with pytest.raises(MappingError) as error:
        normalise(CONFIG, "orders", json.dumps(first | {"order_date": "never"}).encode())
    assert (error.value.field, error.value.code, error.value.value) == ("qty", "bad_decimal", "many")
    with pytest.raises(MappingError) as error:
        normalise(CONFIG, "orders", json.dumps({k: v for k, v in first.items() if k != "qty"} | {"qty": "1"}).encode())
    assert (error.value.field, error.value.code) == ("seller", "conditional")


def test_headers_may_be_written_in_many_ways_and_mapped() -> None:
    config = SheetConfig(folder=".", columns={"orders": {"数量": "qty", "Line Total": "amount"}})
    row = {"Order-ID ": "O1", "ORDER KIND": "sell_in", "order_date": "2026-03-01", "Buyer Partner": "A", "SKU": "P1",
           "数量": "3", "line total": "9", "currency": "CNY", "colour": "red"}  # fmt: skip
    (order,) = normalise(config, "orders", json.dumps(row).encode())
    assert isinstance(order, Order)
    assert (order.lines[0].qty, order.lines[0].amount) == (Decimal(3), Decimal(9))


def test_a_new_configuration_maps_the_same_payload_anew() -> None:
    raw = json.dumps({**{k: v for k, v in ORDER.items() if k != "qty"}, "数量": "3"}).encode()
    with pytest.raises(MappingError, match="qty"):
        normalise(CONFIG, "orders", raw)
    (order,) = normalise(SheetConfig(folder=".", columns={"orders": {"数量": "qty"}}), "orders", raw)
    assert isinstance(order, Order)
    assert order.lines[0].qty == 3


@pytest.mark.parametrize("config", [SheetConfig(folder=".", columns={"orders": {"x": "quantity"}}),
                                    SheetConfig(folder=".", time_zone="Mars/Base")])  # fmt: skip
def test_settings_that_cannot_be_used_are_refused(config: SheetConfig) -> None:
    with pytest.raises(SettingsError):
        mapped("orders", config)


@pytest.mark.parametrize("raw", [b"", b"[1]", b"\xff", b'{"cells": ["a", "b"]}', b'{"file": "orders.csv"}', b'{"text": "\\""}'])
def test_a_payload_that_is_no_row_is_set_aside_again(raw: bytes) -> None:
    with pytest.raises(MappingError):
        normalise(CONFIG, "orders", raw)


def test_the_tables_and_the_records_agree_on_defaults() -> None:
    for noun in NOUNS.values():
        if noun.name == "orders":
            continue
        record = mapped(noun.name)
        fields = {field.name: field for field in msgspec.structs.fields(record)}
        for column in noun.columns:
            field = fields.get(column.name)
            if field is not None and not column.required and not field.required:
                assert field.default == column.default, (noun.name, column.name)
