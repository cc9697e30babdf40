"""The API answered a second time: by graphql-core's own executor, from rows in memory, in plain Python.

Of the compiled reads only this much is taken: which column stands behind a field, a sort key or a condition where it is one
column and nothing else. Who sees what is said in sight.py; lists, pages, conditions, figures and expressions are said here.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from graphql import GraphQLEnumType, GraphQLSchema, get_named_type

from schema import root
from schema.compiler.catalog import Column, One, Part, Where, declaration
from schema.context import Role
from tests.reading.sight import TABLES, Record, Sight

PLAIN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Thing:
    """An object of a type: a row as it is shown, or part of one."""

    kind: str
    row: Record

    def __getitem__(self, name: str) -> Any:
        return self.row[name]


# -- what the catalogue says where a column is all there is to say


@cache
def declared() -> GraphQLSchema:
    """Return the schema with its catalogue."""
    return root.build_schema()._schema


def stored(kind: str, field: str) -> str | None:
    """Return the column behind a field, a condition or a member of an enum of sort keys; None when it is not one column."""
    found = declared().type_map[kind]
    made = declaration(found.fields[field])  # type: ignore[attr-defined]
    sql = made.sql if isinstance(made, Column | Where) else made.join if isinstance(made, One) else None
    return column(sql)


def column(sql: object) -> str | None:
    if not isinstance(sql, str):
        return None
    if sql.isidentifier():
        return sql
    found = PLAIN.fullmatch(sql)
    return found[1] if found else None


def part_of(kind: str, field: str) -> tuple[dict[str, str], bool] | None:
    """Return the columns of an object that is made of columns of its row, and whether it is null where one of them is."""
    made = declaration(declared().type_map[kind].fields[field])  # type: ignore[attr-defined]
    if not isinstance(made, Part) or not made.columns:
        return None
    columns = {name: column(sql) for name, sql in made.columns.items()}
    return None if None in columns.values() else (columns, made.when is not None)  # type: ignore[return-value]


# -- values


def plain(amount: Decimal) -> str:
    """Write a decimal without an exponent and without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def global_id(kind: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


def read_id(text: str) -> tuple[str, int]:
    kind, _, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
    return kind, int(number)


def instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def written(target: Any, kind: str, field: str, value: Any) -> Any:
    """Return a value in the form the API promises for its type."""
    if isinstance(value, list):
        return [written(target, kind, field, one) for one in value]
    if value is None:
        return None
    if isinstance(target, GraphQLEnumType):
        members = declared().type_map[target.name].values  # type: ignore[attr-defined]
        return next(name for name, one in members.items() if getattr(one.value, "value", one.value) == value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if target.name == "Float" else plain(value)
    return global_id(kind, value) if target.name == "ID" and isinstance(value, int) else value


def read_as(cast: str, value: Any) -> Any:
    """Return the value of an argument as the column it is compared with has it."""
    if isinstance(value, list):
        return [read_as(cast, one) for one in value]
    match cast:
        case "timestamptz":
            return datetime.fromisoformat(value)
        case "numeric":
            return Decimal(value)
        case _:
            return value


# -- one reading of the whole hub


class Reading:
    """Everything one viewer can read."""

    def __init__(self, sight: Sight, now: datetime) -> None:
        self.sight, self.now = sight, now
        self.denied: set[str] = set()

    def one(self, kind: str, number: int | None) -> Thing | None:
        """Return a row by its id, deleted or not; None for what the viewer may not see."""
        row = self.sight.by_id[TABLES[kind]].get(number)  # type: ignore[arg-type]
        if row is None or not exists(kind, row) or not self.sight.sees(kind, row):
            return None
        return Thing(kind, self.sight.shown(kind, row))

    def all(self, kind: str, *, live: bool = True) -> list[Thing]:
        """Return the rows of a type that the viewer sees, without what was deleted at its source."""
        return [
            Thing(kind, self.sight.shown(kind, row))
            for row in self.sight.tables[TABLES[kind]]
            if exists(kind, row) and (not live or lives(kind, row)) and self.sight.sees(kind, row)
        ]

    def units(self, product: int) -> Decimal:
        found: Decimal = self.sight.by_id["product"][product]["units_per_pack"]
        return found

    def goods(self, amount: Decimal | None, product: int) -> Thing | None:
        if amount is None:
            return None
        return Thing("Quantity", {"value": amount, "unit": "EA", "base_units": amount * self.units(product)})

    def channel_class(self, channel: str, day: date) -> str:
        """Return the class of a channel by the policy in force on a day."""
        policies = [
            one
            for one in self.sight.tables["policy_version"]
            if one["state"] == "published" and one["deleted_at"] is None and one["effective_from"] <= day
        ]
        latest: Record = max(policies, key=lambda one: (one["effective_from"], one["version"]), default={"body": {}})
        usual = "trade" if channel in ("trade", "wholesale", "b2b") else "consumer"
        return "trade" if latest["body"].get("channels", {}).get(channel, usual) == "trade" else "consumer"

    def stale(self, payload: int | None) -> bool:
        raw = self.sight.by_id["raw_record"].get(payload)  # type: ignore[arg-type]
        stream = self.sight.by_id["stream"][raw["stream_id"]] if raw else None
        if stream is None or stream["watermark"] is None:
            return False
        return bool(stream["watermark"] + timedelta(seconds=stream["freshness_s"]) < self.now)

    def reference(self, thing: Thing) -> list[Thing]:
        """Return the id of a record that only its own source knows."""
        found = {"source_id": thing["source_id"], "key": thing["key"]}
        return [Thing("ExternalRef", found)] if self.sight.sees("ExternalRef", found) else []

    def references(self, thing: Thing) -> list[Thing]:
        found = [one for one in self.all("ExternalRef") if one["golden_id"] == thing["id"]]
        return sorted(found, key=lambda one: (one["source_id"], one["key"]))[:100]

    def orders_of(self, customer: Thing) -> list[Thing]:
        return [one for one in self.all("Order") if one["customer_id"] == customer["id"]]


def exists(kind: str, row: Record) -> bool:
    """Tell whether a row is an object of a type at all: goods that a company moves within itself are no order."""
    return kind != "Order" or row["kind"] != "transfer"


def lives(kind: str, row: Record) -> bool:
    """Tell whether a row is in lists."""
    if kind == "InventoryLevel" and not row["is_latest"]:
        return False
    return kind == "Product" or row.get("deleted_at") is None


def party(order: Thing) -> int | None:
    found: int | None = order["buyer_partner_id"] if order["kind"] == "sell_in" else order["partner_id"]
    return found


def updated(order: Thing) -> datetime:
    found: datetime = order["source_updated_at"] or order["fetched_at"]
    return found


def available(level: Thing) -> Decimal:
    return Decimal(level["on_hand"] - (level["reserved"] or 0) - level["safety_stock"])


def in_units(reading: Reading, level: Thing, amount: Decimal) -> Decimal:
    return amount * reading.units(level["product_id"])


def money(amount: Decimal | None, currency: str | None) -> Thing | None:
    return None if amount is None or currency is None else Thing("Money", {"amount": amount, "currency": currency})


def net_unit_price(reading: Reading, amount: Decimal, count: Decimal, thing: Thing) -> Decimal | None:
    units = reading.units(thing["product_id"]) * count
    tax = 1 + thing["tax_rate"] if thing["tax_included"] else 1
    return rounded(amount / units / tax) if units else None


def offer_unit_price(reading: Reading, offer: Thing) -> Decimal | None:
    return net_unit_price(reading, offer["price"], offer["min_qty"], offer)


def header(reading: Reading, line: Thing) -> Record:
    """Return the order of a line, whole: its currency and references are the line's too."""
    return reading.sight.by_id["sales_order"][line["order_id"]]


def sent_back(reading: Reading, order: Thing) -> Thing | None:
    """Return the order of which this is the return."""
    named = sorted(
        (one["number"], one["return_of_order"]) for one in reading.sight.lines(order.row) if one["return_of_order"] is not None
    )
    if order["kind"] != "return" or not named:
        return None
    found = (
        one for one in reading.all("Order", live=False) if (one["source_id"], one["key"]) == (order["source_id"], named[0][1])
    )
    return next(found, None)


def neighbours(reading: Reading, region: Thing) -> list[Thing]:
    near = {one["neighbour_id"] for one in reading.sight.tables["region_neighbour"] if one["region_id"] == region["id"]}
    return sorted((one for one in reading.all("Region") if one["id"] in near), key=lambda one: one["code"])[:100]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


Resolver = Callable[[Reading, Thing], Any]
FIELDS: dict[tuple[str, str], Resolver] = {
    ("Actor", "id"): lambda _, it: global_id("Actor", it["id"]),
    ("Actor", "role"): lambda _, it: it["roles"][0] if it["roles"] else "service",
    ("Conflict", "affectedPartners"): lambda read, it: [one for one in read.all("Partner") if one["id"] == it["affected_id"]],
    ("Conflict", "periodFrom"): lambda _, it: midnight(it["event_day"]),
    ("Conflict", "periodTo"): lambda _, it: midnight(it["event_day"] + timedelta(days=1)),
    ("Conflict", "watermarks"): lambda _, it: [
        Thing("SourceWatermark", {"source": source, "stream": stream, "read_to": datetime.fromisoformat(moment)})
        for source, streams in sorted(it["watermark"].items())
        for stream, moment in sorted(streams.items())
    ],
    ("ConflictCase", "otherSide"): lambda read, it: (
        read.sight.by_id["partner"][it["affected_id"]]["name"] if it["disclosed_to_partner"] and it["affected_id"] else None
    ),
    ("Customer", "externalRefs"): Reading.references,
    ("Customer", "firstOrderAt"): lambda read, it: min((one["placed_at"] for one in read.orders_of(it)), default=None),
    ("Customer", "isCompany"): lambda _, it: it["kind"] != "consumer",
    ("Customer", "lastOrderAt"): lambda read, it: max((one["placed_at"] for one in read.orders_of(it)), default=None),
    ("Customer", "tags"): lambda _, it: [Thing("Tag", {"code": one}) for one in sorted(it["tags"])],
    ("ExternalRef", "url"): lambda *_: None,
    ("InventoryLevel", "available"): lambda read, it: read.goods(available(it), it["product_id"]),
    ("InventoryLevel", "externalRefs"): Reading.reference,
    ("InventoryLevel", "incoming"): lambda read, it: read.goods(it["in_transit"], it["product_id"]),
    ("InventoryLevel", "onHand"): lambda read, it: read.goods(it["on_hand"], it["product_id"]),
    ("InventoryLevel", "reserved"): lambda read, it: read.goods(it["reserved"], it["product_id"]),
    ("InventoryLevel", "safetyStock"): lambda read, it: read.goods(it["safety_stock"], it["product_id"]),
    ("Location", "externalRefs"): Reading.references,
    ("Location", "kind"): lambda _, it: "warehouse" if it["kind"] == "virtual" else it["kind"],
    ("Offer", "channelClass"): lambda read, it: read.channel_class(it["channel"], it["observed_at"].astimezone(UTC).date()),
    ("Offer", "externalRefs"): Reading.reference,
    ("Offer", "netUnitPrice"): lambda read, it: money(offer_unit_price(read, it), it["currency"]),
    ("Offer", "partner"): lambda read, it: read.one("Partner", read.sight.seller(it.row)),
    ("Offer", "price"): lambda _, it: money(rounded(it["price"] / (it["min_qty"] or 1)), it["currency"]),
    ("Order", "channelClass"): lambda read, it: read.channel_class(it["channel"], it["ordered_on"]),
    ("Order", "externalRefs"): Reading.reference,
    ("Order", "partner"): lambda read, it: read.one("Partner", party(it)),
    ("Order", "returnOf"): sent_back,
    ("Order", "updatedAt"): lambda _, it: updated(it),
    ("OrderLine", "dealRef"): lambda read, it: header(read, it)["deal_ref"],
    ("OrderLine", "lineTotal"): lambda read, it: money(it["amount"], header(read, it)["currency"]),
    ("OrderLine", "netUnitPrice"): lambda read, it: money(
        net_unit_price(read, it["amount"], it["qty"], it), header(read, it)["currency"]
    ),
    ("OrderLine", "promotionRef"): lambda read, it: header(read, it)["promo_ref"],
    ("OrderLine", "quantity"): lambda read, it: read.goods(it["qty"], it["product_id"]),
    ("OrderLine", "serials"): lambda _, it: it["serials"][:100],
    ("OrderLine", "unitPrice"): lambda read, it: money(
        rounded(it["amount"] / it["qty"]) if it["qty"] else it["amount"], header(read, it)["currency"]
    ),
    ("Partner", "cooperationModel"): lambda _, it: "alliance" if it["type"] == "alliance" else it["model"],
    ("Partner", "externalRefs"): Reading.references,
    ("Partner", "kind"): lambda _, it: {"reseller": "retailer", "alliance": "distributor"}.get(it["type"], it["type"]),
    ("Partner", "stage"): lambda _, it: "exited" if it["status"] == "closed" else it["lifecycle"],
    ("Product", "active"): lambda _, it: it["deleted_at"] is None,
    ("Product", "baseUnit"): lambda *_: "EA",
    ("Product", "externalRefs"): Reading.references,
    ("Product", "productGroup"): lambda _, it: None if it["product_group"] == "-" else it["product_group"],
    ("Region", "adjacent"): neighbours,
    ("Region", "level"): lambda _, it: "zone" if it["kind"] == "world" else it["kind"],
    ("SyncInfo", "stale"): lambda read, it: read.stale(it["raw_id"]),
    ("Tag", "expiresAt"): lambda *_: None,
    ("Tag", "label"): lambda _, it: it["code"].replace("_", " "),
    ("Tag", "reason"): lambda *_: "Stated by the source.",
}

# -- lists

# Lists that hang from something, or from nothing: of what, which of them, and their order where none is asked for.
Belongs = Callable[[Thing, Thing], bool]
LISTS: dict[tuple[str, str], tuple[str, Belongs, tuple[tuple[str, bool], ...]]] = {
    ("ConflictCase", "conflicts"): ("Conflict", lambda it, up: it["case_id"] == up["id"], (("SCORE", True),)),
    ("Customer", "orders"): ("Order", lambda it, up: it["customer_id"] == up["id"], (("PLACED_AT", True),)),
    ("Order", "lines"): ("OrderLine", lambda it, up: it["order_id"] == up["id"], (("LINE_NUMBER", False),)),
    ("Partner", "conflicts"): ("Conflict", lambda it, up: it["partner_id"] == up["id"], (("SCORE", True),)),
    ("Partner", "orders"): (
        "Order",
        lambda it, up: up["id"] in (it["partner_id"], it["buyer_partner_id"]),
        (("PLACED_AT", True),),
    ),
    ("Product", "inventoryLevels"): (
        "InventoryLevel",
        lambda it, up: it["product_id"] == up["id"],
        (("COUNTED_AT", False),),
    ),
    ("Product", "offers"): ("Offer", lambda it, up: it["product_id"] == up["id"], (("SEEN_AT", True),)),
    ("Query", "conflictCases"): ("ConflictCase", lambda *_: True, (("DUE_AT", False), ("OPENED_AT", False))),
    ("Query", "conflicts"): ("Conflict", lambda *_: True, (("SCORE", True),)),
    ("Query", "customers"): ("Customer", lambda *_: True, (("NAME", False),)),
    ("Query", "inventoryLevels"): ("InventoryLevel", lambda *_: True, (("COUNTED_AT", False),)),
    ("Query", "locations"): ("Location", lambda *_: True, (("CODE", False),)),
    ("Query", "offers"): ("Offer", lambda *_: True, (("SEEN_AT", True),)),
    ("Query", "orders"): ("Order", lambda *_: True, (("PLACED_AT", True),)),
    ("Query", "partners"): ("Partner", lambda *_: True, (("CODE", False),)),
    ("Query", "products"): ("Product", lambda *_: True, (("SKU", False),)),
    ("Query", "regions"): ("Region", lambda *_: True, (("CODE", False),)),
    ("Region", "children"): ("Region", lambda it, up: it["parent_id"] == up["id"], (("CODE", False),)),
}
# Sort keys.
SORTS: dict[tuple[str, str], Resolver] = {
    ("Conflict", "DETECTED_AT"): lambda _, it: it["detected_at"],
    ("Conflict", "PERIOD_FROM"): lambda _, it: it["event_day"],
    ("Conflict", "SCORE"): lambda _, it: it["score"],
    ("Conflict", "VALUE_AT_RISK"): lambda _, it: it["value_at_risk"],
    ("ConflictCase", "DUE_AT"): lambda _, it: it["due_at"],
    ("ConflictCase", "OPENED_AT"): lambda _, it: it["opened_at"],
    ("ConflictCase", "SCORE"): lambda _, it: it["score"],
    ("Customer", "LAST_ORDER_AT"): FIELDS["Customer", "lastOrderAt"],
    ("Customer", "NAME"): lambda _, it: it["name"],
    ("InventoryLevel", "AVAILABLE"): lambda read, it: in_units(read, it, available(it)),
    ("InventoryLevel", "COUNTED_AT"): lambda _, it: it["as_of"],
    ("Location", "CODE"): lambda _, it: it["code"],
    ("Offer", "NET_UNIT_PRICE"): offer_unit_price,
    ("Offer", "SEEN_AT"): lambda _, it: it["observed_at"],
    ("Order", "NUMBER"): lambda _, it: it["key"],
    ("Order", "PLACED_AT"): lambda _, it: it["placed_at"],
    ("Order", "TOTAL"): lambda _, it: it["total"],
    ("Order", "UPDATED_AT"): lambda _, it: updated(it),
    ("OrderLine", "LINE_NUMBER"): lambda _, it: it["number"],
    ("Partner", "CODE"): lambda _, it: it["code"],
    ("Partner", "LEVEL"): lambda _, it: it["level"],
    ("Partner", "NAME"): lambda _, it: it["name"],
    ("Partner", "SIGNED_ON"): lambda _, it: it["joined_on"],
    ("Product", "NAME"): lambda _, it: it["name"],
    ("Product", "SKU"): lambda _, it: it["code"],
    ("Region", "CODE"): lambda _, it: it["code"],
}
# What conditions are about, where it is not one column: all the values any of which may meet them.
ABOUT: dict[tuple[str, str], Callable[[Reading, Thing], Iterable[Any]]] = {
    ("CustomerFilter", "lastOrderAt"): lambda read, it: [FIELDS["Customer", "lastOrderAt"](read, it)],
    ("InventoryLevelFilter", "available"): lambda read, it: [in_units(read, it, available(it))],
    ("InventoryLevelFilter", "partner"): lambda read, it: [read.sight.by_id["location"][it["location_id"]]["partner_id"]],
    ("InventoryLevelFilter", "region"): lambda read, it: [read.sight.by_id["location"][it["location_id"]]["region_id"]],
    ("LocationFilter", "kind"): lambda read, it: [FIELDS["Location", "kind"](read, it)],
    ("OfferFilter", "channelClass"): lambda read, it: [FIELDS["Offer", "channelClass"](read, it)],
    ("OfferFilter", "partner"): lambda read, it: [read.sight.seller(it.row)],
    ("OrderFilter", "channelClass"): lambda read, it: [FIELDS["Order", "channelClass"](read, it)],
    ("OrderFilter", "partner"): lambda _, it: [it["partner_id"], it["buyer_partner_id"]],
    ("OrderFilter", "product"): lambda read, it: [
        one["product_id"] for one in read.all("OrderLine") if one["order_id"] == it["id"]
    ],
    ("OrderFilter", "updatedAt"): lambda _, it: [updated(it)],
    ("PartnerFilter", "kind"): lambda read, it: [FIELDS["Partner", "kind"](read, it)],
    ("PartnerFilter", "stage"): lambda read, it: [FIELDS["Partner", "stage"](read, it)],
    ("ProductFilter", "active"): lambda _, it: [it["deleted_at"] is None],
    ("ProductFilter", "productGroup"): lambda read, it: [FIELDS["Product", "productGroup"](read, it)],
    ("RegionListFilter", "level"): lambda read, it: [FIELDS["Region", "level"](read, it)],
    ("RegionListFilter", "within"): lambda read, it: [it["id"]],
}
# What only some roles may filter or sort by.
EMAIL_READERS = {Role.ADMIN, Role.CHANNEL_MANAGER, Role.DIRECT_SALES, Role.PARTNER}
ONLY_FOR = {
    ("CustomerFilter", "email"): EMAIL_READERS,
    ("ConflictFilter", "score"): set(Role) - {Role.PARTNER},
    ("Conflict", "SCORE"): set(Role) - {Role.PARTNER},
    ("ConflictCase", "SCORE"): set(Role) - {Role.PARTNER},
}


def matches(reading: Reading, kind: str, asked: dict[str, Any], thing: Thing) -> bool:
    """Tell whether all conditions of a filter hold."""
    return all(holds(reading, kind, name, value, thing) for name, value in asked.items() if value is not None)


def holds(reading: Reading, kind: str, name: str, value: Any, thing: Thing) -> bool:
    if name == "and":
        return all(matches(reading, kind, one, thing) for one in value)
    if name == "or":
        return not value or any(matches(reading, kind, one, thing) for one in value)
    if name == "not":
        return not matches(reading, kind, value, thing)
    field = declared().type_map[kind].fields[name]  # type: ignore[attr-defined]
    about: Where = declaration(field)
    found = ABOUT.get((kind, name))
    column_of = stored(kind, name)
    held = list(found(reading, thing)) if found else [thing[column_of or ""]]
    condition = get_named_type(field.type).name
    if name == "within":
        return any(lies_within(reading, one, value) for one in held)
    if condition == "IDFilter":
        return identified(reading, about.to or "", value, held)
    return any(meets(reading, condition, about.cast, value, one, thing) for one in held)


def meets(reading: Reading, condition: str, cast: str, value: Any, held: Any, thing: Thing) -> bool:
    """Tell whether one value meets a condition on it."""
    if isinstance(value, list):
        return held in value
    if not isinstance(value, dict):
        return bool(held == value)
    if condition == "MoneyFilter" and thing["currency"] != value["currency"]:
        return False
    return all(
        operated(reading, condition, name, cast, wanted, held)
        for name, wanted in value.items()
        if wanted is not None and name != "currency"
    )


def operated(reading: Reading, condition: str, name: str, cast: str, wanted: Any, held: Any) -> bool:
    """Tell whether one operator of a condition holds; nothing but `isNull` and a `not` is true of what has no value."""
    if name == "isNull":
        return (held is None) is wanted
    if held is None:
        return False
    if condition == "RegionFilter":
        code = reading.sight.by_id["region"][held]["code"]
        return code == wanted if name == "eq" else lies_within(reading, held, wanted)
    wanted = words(condition, name, read_as(cast, wanted))
    match name:
        case "eq":
            return bool(held == wanted)
        case "ne":
            return bool(held != wanted)
        case "gte":
            return bool(held >= wanted)
        case "lt":
            return bool(held < wanted)
        case "in":
            return held in wanted
        case "notIn":
            return held not in wanted
        case "startsWith":
            return str(held).startswith(wanted)
        case _:
            return wanted.lower() in held.lower()


def words(condition: str, name: str, value: Any) -> Any:
    """Return the words that are stored for members of an enum; anything else as it is."""
    target = get_named_type(declared().type_map[condition].fields[name].type)  # type: ignore[attr-defined]
    if not isinstance(target, GraphQLEnumType):
        return value
    if isinstance(value, list):
        return [words(condition, name, one) for one in value]
    member = target.values[value].value
    return getattr(member, "value", member)


def lies_within(reading: Reading, region: int | None, code: str) -> bool:
    return reading.sight.below(region, [one["id"] for one in reading.sight.tables["region"] if one["code"] == code])


def identified(reading: Reading, to: str, value: dict[str, Any], held: list[int | None]) -> bool:
    """Compare ids; what the viewer may not see is absent."""
    seen = {one for one in held if reading.one(to, one) is not None}
    conditions = []
    if value.get("eq") is not None:
        conditions.append(read_id(value["eq"])[1] in seen)
    if value.get("in") is not None:
        conditions.append(bool({read_id(one)[1] for one in value["in"]} & seen))
    if value.get("isNull") is not None:
        conditions.append(value["isNull"] is not bool(seen))
    return all(conditions)


class Page:
    """One connection: all that matches, in order, and the part of it that was asked for."""

    def __init__(
        self, reading: Reading, place: tuple[str, str], condition: str | None, up: Thing, given: dict[str, Any]
    ) -> None:
        self.reading = reading
        self.kind, belongs, default = LISTS[place]
        self.keys = [(one["field"], one["direction"] == "DESC", one["nulls"] == "FIRST") for one in given.get("orderBy") or ()]
        self.keys = self.keys or [(name, descending, False) for name, descending in default]
        asked = given.get("filter")
        found = [one for one in reading.all(self.kind) if belongs(one, up)]
        if asked is not None:
            found = [one for one in found if matches(reading, condition or "", asked, one)]
        elif self.kind == "Conflict" and place != ("ConflictCase", "conflicts"):
            found = [one for one in found if one["state"] == "open"]
        self.rows = sorted(found, key=lambda one: one["id"], reverse=self.keys[0][1])
        for name, descending, nulls_first in reversed(self.keys):
            self.rows = self.sorted(name, descending, nulls_first)
        self.cut(given)

    def sorted(self, name: str, descending: bool, nulls_first: bool) -> list[Thing]:
        values = {one["id"]: SORTS[self.kind, name](self.reading, one) for one in self.rows}
        some = [one for one in self.rows if values[one["id"]] is not None]
        none = [one for one in self.rows if values[one["id"]] is None]
        # Sorting backwards keeps what is equal in its order.
        some.sort(key=lambda one: values[one["id"]], reverse=descending)
        return none + some if nulls_first else some + none

    def cut(self, given: dict[str, Any]) -> None:
        places = {one["id"]: place for place, one in enumerate(self.rows)}
        start = places[held(given["after"])[-1]] + 1 if given.get("after") else 0
        end = places[held(given["before"])[-1]] if given.get("before") else len(self.rows)
        first, last = given.get("first"), given.get("last")
        if last is not None:
            start = max(start, end - last)
        else:
            end = max(start, min(end, start + (20 if first is None else first)))
        self.items, self.start, self.end = self.rows[start:end], start, end

    def cursor(self, thing: Thing) -> str:
        """Return what a cursor holds: the values of the sort keys and the id."""
        values = [SORTS[self.kind, name](self.reading, thing) for name, *_ in self.keys]
        return json.dumps([*(None if one is None else in_cursor(one) for one in values), str(thing["id"])])

    def field(self, name: str) -> Any:
        match name:
            case "nodes":
                return self.items
            case "edges":
                return [Thing("Edge", {"cursor": self.cursor(one), "node": one}) for one in self.items]
            case "pageInfo":
                cursors = [self.cursor(one) for one in self.items]
                return Thing(
                    "PageInfo",
                    {
                        "hasNextPage": self.end < len(self.rows),
                        "hasPreviousPage": self.start > 0,
                        "startCursor": cursors[0] if cursors else None,
                        "endCursor": cursors[-1] if cursors else None,
                    },
                )
            case "totalCount":
                return min(len(self.rows), 10_000)
            case "countIsExact":
                return len(self.rows) <= 10_000
            case _:
                return Figures(self.reading, self.kind, self.rows)


def in_cursor(value: Any) -> str:
    return instant(value) if isinstance(value, datetime) else str(value)


def held(cursor: str) -> list[Any]:
    """Return the values a cursor holds, the id last."""
    body = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:-8]
    _, _, _, *values, number = json.loads(body)
    return [*values, int(number)]


# -- figures

DIMENSIONS: dict[tuple[str, str], Resolver] = {
    ("Conflict", "MONTH"): lambda _, it: it["event_day"].strftime("%Y-%m"),
    ("Conflict", "PARTNER"): lambda read, it: code(read.one("Partner", it["partner_id"])),
    ("Conflict", "REGION"): lambda read, it: code(read.one("Region", it["region_id"])),
    ("Conflict", "RULE"): lambda _, it: it["rule"],
    ("Conflict", "SEVERITY"): lambda _, it: it["band"].upper(),
    ("Conflict", "STATUS"): lambda _, it: it["state"].upper(),
    ("Order", "CHANNEL"): lambda _, it: it["channel"],
    ("Order", "CURRENCY"): lambda _, it: it["currency"],
    ("Order", "DAY"): lambda _, it: it["placed_at"].astimezone(UTC).strftime("%Y-%m-%d"),
    ("Order", "MONTH"): lambda _, it: it["placed_at"].astimezone(UTC).strftime("%Y-%m"),
    ("Order", "PARTNER"): lambda read, it: code(read.one("Partner", party(it))),
    ("Order", "REGION"): lambda read, it: code(read.one("Region", it["ship_to_region_id"])),
    ("Order", "STATE"): lambda _, it: it["state"].upper(),
}


def code(thing: Thing | None) -> str | None:
    return None if thing is None else str(thing["code"])


@dataclass
class Figures:
    """Figures over rows of one type; `key` where they are those of one group."""

    reading: Reading
    kind: str
    rows: Sequence[Thing]
    key: list[str | None] | None = None

    def field(self, name: str, dimensions: Sequence[str], most: int) -> Any:
        match name:
            case "count":
                return len(self.rows)
            case "key":
                return self.key
            case "suppressed":
                return False
            case "groupBy":
                return self.groups(dimensions)[:most]
            case "total":
                return sums((one["total"], one["currency"]) for one in self.rows)
            case "valueAtRisk":
                return sums((one["value_at_risk"], one["value_currency"]) for one in self.rows)
            case "firstPlacedAt":
                return min((one["placed_at"] for one in self.rows), default=None)
            case "lastPlacedAt":
                return max((one["placed_at"] for one in self.rows), default=None)
            case "oldestCountedAt":
                return min((one["as_of"] for one in self.rows), default=None)
            case "maxScore":
                return max((one["score"] for one in self.rows), default=None)
            case "onHandBaseUnits":
                return self.units(lambda one: one["on_hand"])
            case _:
                return self.units(available)

    def units(self, amount: Callable[[Thing], Decimal]) -> Decimal | None:
        found = [in_units(self.reading, one, amount(one)) for one in self.rows]
        return sum(found, Decimal(0)) if found else None

    def groups(self, dimensions: Sequence[str]) -> list["Figures"]:
        """Return the figures of each group, largest first."""
        found: dict[tuple[str | None, ...], list[Thing]] = defaultdict(list)
        for one in self.rows:
            found[tuple(DIMENSIONS[self.kind, name](self.reading, one) for name in dimensions)].append(one)
        ordered = sorted(found.items(), key=lambda group: (-len(group[1]), [(one is None, one or "") for one in group[0]]))
        return [Figures(self.reading, self.kind, rows, list(key)) for key, rows in ordered]


def sums(amounts: Iterable[tuple[Decimal | None, str | None]]) -> list[Thing]:
    """Return sums by currency, in its order."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for amount, currency in amounts:
        if amount is not None and currency is not None:
            found[currency] += amount
    return [Thing("Money", {"amount": amount, "currency": currency}) for currency, amount in sorted(found.items())]
