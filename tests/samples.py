"""Records with sensible values, so that a test names only what it is about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hub.records import (
    Customer,
    InventoryLevel,
    Location,
    Offer,
    Order,
    OrderLine,
    Partner,
    PricePolicy,
    Product,
    Promotion,
    Region,
    TerritoryGrant,
)


def region(code: str, **values: Any) -> Region:
    return Region(**{"code": code, "name": code, **values})


def partner(code: str, **values: Any) -> Partner:
    return Partner(**{"code": code, "name": f"{code} Trading", **values})


def customer(code: str, **values: Any) -> Customer:
    return Customer(**{"code": code, **values})


def product(sku: str, **values: Any) -> Product:
    return Product(**{"sku": sku, "name": sku, "base_sku": sku, **values})


def location(code: str, **values: Any) -> Location:
    return Location(**{"code": code, "name": code, **values})


def grant(grant_id: str, **values: Any) -> TerritoryGrant:
    return TerritoryGrant(**{"grant_id": grant_id, "exclusivity": "exclusive", "valid_from": date(2026, 1, 1), **values})


def price(policy_id: str, **values: Any) -> PricePolicy:
    return PricePolicy(
        **{
            "policy_id": policy_id,
            "kind": "map",
            "sku": "P1",
            "unit_price": Decimal(100),
            "currency": "CNY",
            "valid_from": date(2026, 1, 1),
            **values,
        }
    )


def promotion(promotion_id: str, **values: Any) -> Promotion:
    return Promotion(
        **{
            "promotion_id": promotion_id,
            "name": promotion_id,
            "valid_from": date(2026, 6, 18),
            "valid_to": date(2026, 6, 21),
            **values,
        }
    )


def line(number: int = 1, **values: Any) -> OrderLine:
    return OrderLine(**{"number": number, "sku": "P1", "qty": Decimal(1), "amount": Decimal(100), **values})


def order(number: str, *lines: OrderLine, **values: Any) -> Order:
    return Order(
        **{
            "number": number,
            "kind": "sell_out",
            "ordered_on": date(2026, 3, 1),
            "currency": "CNY",
            "lines": lines or (line(),),
            **values,
        }
    )


def offer(listing_id: str, day: int = 1, **values: Any) -> Offer:
    return Offer(
        **{
            "listing_id": listing_id,
            "observed_at": datetime(2026, 3, day, 9, tzinfo=UTC),
            "seller": "shopA",
            "channel": "tmall",
            "sku": "P1",
            "price": Decimal(100),
            "currency": "CNY",
            **values,
        }
    )


def level(place: str, sku: str = "P1", **values: Any) -> InventoryLevel:
    return InventoryLevel(
        **{
            "location": place,
            "sku": sku,
            "as_of": datetime(2026, 3, 1, tzinfo=UTC),
            "on_hand": Decimal(10),
            **values,
        }
    )
