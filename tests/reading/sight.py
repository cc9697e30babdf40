"""Who sees what, said a second time: in plain Python over rows as they rest, from docs/graphql.md and nothing else."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from hub.store.database import Store
from schema.context import Role, Viewer

Record = dict[str, Any]

TABLES = {
    "Actor": "hub_user",
    "Conflict": "conflict",
    "ConflictCase": "conflict_case",
    "Customer": "customer",
    "ExternalRef": "identity_link",
    "InventoryLevel": "inventory_level",
    "Location": "location",
    "Offer": "offer",
    "Order": "sales_order",
    "OrderLine": "order_line",
    "Partner": "partner",
    "Product": "product",
    "Region": "region",
    "Source": "source",
}
BESIDES = ("conflict_history", "partner_alias", "policy_version", "raw_record", "region_neighbour", "stream")
OUTSIDERS = (Role.DIRECT_SALES, Role.PARTNER)
UNNAMED = (Role.ANALYST, Role.SERVICE)
# From here on the partner a case is about takes part in it.
HEARD = ("investigating", "negotiating", "mediation", "arbitration")
BANDS = (85, 70, 50, 25, 0)


async def read_tables(store: Store) -> dict[str, list[Record]]:
    """Return all rows of all tables that are read here."""
    async with store.connection() as connection:
        return {
            name: [dict(row) for row in await connection.fetch(f"SELECT * FROM {name} ORDER BY id")]
            for name in (*TABLES.values(), *BESIDES)
        }


@dataclass
class Sight:
    """What one viewer sees of these tables; `key` seals what a partner reads in place of a finding's key."""

    tables: Mapping[str, list[Record]]
    viewer: Viewer
    key: bytes

    @cached_property
    def by_id(self) -> dict[str, dict[int, Record]]:
        return {name: {row["id"]: row for row in rows} for name, rows in self.tables.items()}

    # -- whose

    def below(self, region: int | None, others: Iterable[int]) -> bool:
        """Tell whether a region is one of others or lies in one."""
        wanted, seen = set(others), self.by_id["region"]
        while region is not None and region not in wanted:
            region = seen[region]["parent_id"]
        return region is not None

    @cached_property
    def mine(self) -> set[int]:
        """The partners whose records are this viewer's business."""
        viewer = self.viewer
        if viewer.role is Role.PARTNER:
            return set() if viewer.partner_id is None else {viewer.partner_id}
        if viewer.role is Role.DIRECT_SALES:
            return {one["id"] for one in self.tables["partner"] if one["type"] == "direct"}
        return {
            one["id"]
            for one in self.tables["partner"]
            if one["id"] in viewer.partner_ids or self.below(one["home_region_id"], viewer.region_ids)
        }

    def ours(self, partner: int | None) -> bool:
        """Tell whether a record is of the brand itself or of a partner in sight."""
        return partner is None or partner in self.mine

    @property
    def everything(self) -> bool:
        return self.viewer.role in (Role.ADMIN, Role.ANALYST, Role.SERVICE)

    @property
    def groups(self) -> frozenset[str]:
        """Product groups a channel manager is bound to; none when it is bound to none."""
        return self.viewer.product_groups if self.viewer.role is Role.CHANNEL_MANAGER else frozenset()

    def in_groups(self, product: int) -> bool:
        return not self.groups or self.by_id["product"][product]["product_group"] in self.groups

    def lines(self, order: Record) -> list[Record]:
        return [one for one in self.tables["order_line"] if one["order_id"] == order["id"]]

    def seller(self, offer: Record) -> int | None:
        """Return who an offer's seller is: whom its source says, else whom a confirmed name says, best of this channel."""
        if offer["partner_id"] is not None:
            return int(offer["partner_id"])
        names = [
            one
            for one in self.tables["partner_alias"]
            if one["alias_key"] == offer["seller_key"]
            and one["channel"] in (offer["channel"], "*")
            and one["status"] == "confirmed"
            and one["deleted_at"] is None
        ]
        names.sort(key=lambda one: (one["channel"] == "*", one["id"]))
        return names[0]["partner_id"] if names else None

    # -- rows

    def sees(self, kind: str, row: Record) -> bool:
        """Tell whether the viewer may see a row of a type."""
        return self.everything or bool(getattr(self, f"sees_{kind}")(row))

    def sees_Actor(self, _: Record) -> bool:
        return True

    sees_Product = sees_Region = sees_Source = sees_Actor

    def sees_Partner(self, row: Record) -> bool:
        return row["id"] in self.mine

    def sees_Location(self, row: Record) -> bool:
        return self.ours(row["partner_id"]) if self.viewer.role is Role.DIRECT_SALES else row["partner_id"] in self.mine

    def sees_InventoryLevel(self, row: Record) -> bool:
        return self.sees_Location(self.by_id["location"][row["location_id"]]) and self.in_groups(row["product_id"])

    def sees_Offer(self, row: Record) -> bool:
        # Who sells under another name is not the brand.
        partner = row["partner_id"] if self.viewer.role is Role.DIRECT_SALES else self.seller(row)
        return partner in self.mine and self.in_groups(row["product_id"])

    def deals(self, order: Record) -> bool:
        """Tell whether an order is one of those the viewer has a part in, whatever was sold."""
        if self.viewer.role is Role.DIRECT_SALES:
            return self.ours(order["partner_id"]) and self.ours(order["buyer_partner_id"])
        return order["partner_id"] in self.mine or order["buyer_partner_id"] in self.mine

    def sees_Order(self, row: Record) -> bool:
        return self.deals(row) and (not self.groups or any(self.in_groups(one["product_id"]) for one in self.lines(row)))

    def sees_OrderLine(self, row: Record) -> bool:
        return self.sees_Order(self.by_id["sales_order"][row["order_id"]]) and self.in_groups(row["product_id"])

    def sees_Customer(self, row: Record) -> bool:
        bought = [one for one in self.tables["sales_order"] if one["customer_id"] == row["id"] and one["deleted_at"] is None]
        if self.viewer.role is Role.DIRECT_SALES:
            return any(self.deals(one) for one in bought)
        return row["partner_id"] in self.mine or any(one["partner_id"] in self.mine for one in bought)

    def told(self, case: Record) -> bool:
        return case["state"] in HEARD or (case["state"] == "closed" and case["told_at"] is not None)

    def works_on(self, row: Record) -> bool:
        """Tell whether a case or finding is a channel manager's to work on."""
        nobody = row["partner_id"] is None and self.below(row["region_id"], self.viewer.region_ids)
        touched = row["partner_id"] in self.mine or row["affected_id"] in self.mine or nobody
        return touched and (not self.groups or row["product_group"] in ("-", *self.groups))

    def mediates(self, case: Record | None) -> bool:
        return case is not None and case["mediator_id"] is not None and case["mediator_id"] == self.viewer.user_id

    def sees_ConflictCase(self, row: Record) -> bool:
        if self.viewer.role is Role.PARTNER:
            return row["partner_id"] in self.mine and self.told(row)
        return self.viewer.role is Role.CHANNEL_MANAGER and (self.works_on(row) or self.mediates(row))

    def sees_Conflict(self, row: Record) -> bool:
        case = self.by_id["conflict_case"].get(row["case_id"])
        if self.viewer.role is Role.PARTNER:
            return row["partner_id"] in self.mine and case is not None and self.told(case)
        return self.viewer.role is Role.CHANNEL_MANAGER and (self.works_on(row) or self.mediates(case))

    def sees_ExternalRef(self, row: Record) -> bool:
        if self.viewer.role is Role.CHANNEL_MANAGER:
            return bool(self.viewer.partner_ids or self.viewer.region_ids or self.viewer.product_groups)
        return self.knows(row["source_id"])

    def knows(self, source: int) -> bool:
        """Tell whether the viewer recognises a source: the masters, and those its own orders and places come from."""
        if self.viewer.role not in OUTSIDERS or self.by_id["source"][source]["is_masters"]:
            return True
        places = (one for one in self.tables["location"] if one["source_id"] == source)
        orders = (one for one in self.tables["sales_order"] if one["source_id"] == source)
        return any(self.sees_Location(one) for one in places) or any(self.sold(one) for one in orders)

    def sold(self, order: Record) -> bool:
        """Tell whether an order is in the viewer's own system. What a partner sold to another is in the seller's."""
        if self.viewer.role is Role.PARTNER and order["partner_id"] is not None:
            return order["partner_id"] in self.mine
        return self.deals(order)

    # -- what is shown of them

    def shown(self, kind: str, row: Record) -> Record:
        """Return a row as the viewer reads, filters, sorts and counts it."""
        show = getattr(self, f"shown_{kind}", None)
        return row | show(row) if show else row

    def shown_Customer(self, row: Record) -> Record:
        if self.viewer.role not in UNNAMED or row["kind"] != "consumer":
            return {}
        return {"name": f"Consumer {hashlib.md5(str(row['id']).encode()).hexdigest()[:8].upper()}"}

    def shown_Source(self, row: Record) -> Record:
        if self.knows(row["id"]):
            return {}
        return {"name": row["kind"].upper(), "title": row["kind"].upper(), "connector": row["kind"]}

    def shown_Order(self, row: Record) -> Record:
        if not self.groups:
            return {}
        counted = [
            one
            for one in self.lines(row)
            if self.in_groups(one["product_id"]) and one["deleted_at"] is None and one["status"] != "cancelled"
        ]
        taxed = (round(one["amount"] / (1 + one["tax_rate"]), 6) if one["tax_included"] else one["amount"] for one in counted)
        return {"total": sum((one["amount"] for one in counted), Decimal(0)), "net_total": sum(taxed, Decimal(0))}

    def shown_ConflictCase(self, row: Record) -> Record:
        if self.viewer.role is not Role.PARTNER:
            return {}
        return {"score": Decimal(next(band for band in BANDS if row["score"] >= band))}

    def shown_Conflict(self, row: Record) -> Record:
        if self.viewer.role is not Role.PARTNER:
            return {}
        stood = {
            (one["classification"], one["state"]) for one in self.tables["conflict_history"] if one["conflict_id"] == row["id"]
        }
        then = dict.fromkeys(("judged_at", "watermark_at"), row["detected_at"])
        seal = b"".join(
            hmac.digest(self.key, f"finding {half} {row['finding_key']}".encode(), "sha256")[:8] for half in (1, 2)
        ).hex()
        return {
            **self.shown_ConflictCase(row),
            **then,
            "revision": 1 + len(stood - {(row["classification"], row["state"])}),
            "finding_key": seal,
        }
