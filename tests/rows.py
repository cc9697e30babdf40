"""Rows straight into the tables: each builder has sensible values, a test changes the ones it is about."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hub.store.database import Store

T0 = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
HASH = bytes(16)


async def insert(store: Store, table: str, values: Mapping[str, Any]) -> int:
    """Insert one row and return its id."""
    columns = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    async with store.connection() as connection:
        statement = f'INSERT INTO "{table}" ({columns}) VALUES ({places}) RETURNING id'
        made: int = await connection.fetchval(statement, *values.values())
        return made


class Rows:
    """A small hub: one source with one stream, and whatever a test adds."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.source_id = 0
        self.stream_id = 0
        self.raw_id = 0
        self.run_id = 0
        self.made = 0
        self.found: dict[str, int] = {}

    def next(self) -> int:
        self.made += 1
        return self.made

    async def begin(self) -> "Rows":
        self.source_id = await self.add(
            "source", name="acme", title="Acme", connector="sheet", kind="file", quality="bronze", state="active"
        )
        self.stream_id = await self.add(
            "stream", source_id=self.source_id, name="orders", model="order", watermark=T0, freshness_s=900
        )
        self.run_id = await self.sync_run()
        self.raw_id = await self.add(
            "raw_record",
            stream_id=self.stream_id,
            key="SO-1|1",
            raw_hash=HASH,
            content_hash=HASH,
            body=b'{"number": "SO-1"}',
            run_id=self.run_id,
        )
        return self

    async def add(self, table: str, **values: Any) -> int:
        return await insert(self.store, table, values)

    async def golden(self, table: str, **values: Any) -> int:
        """Insert a golden record with a link to its source record."""
        code = values.setdefault("code", f"{table}-{self.next()}")
        values.setdefault("name", code)
        made = await self.add(table, source_id=self.source_id, raw_id=self.raw_id, **values)
        await self.add("identity_link", noun=table, source_id=self.source_id, key=code, golden_id=made)
        return made

    async def canonical(self, table: str, **values: Any) -> int:
        values.setdefault("key", f"{table}-{self.next()}")
        return await self.add(table, source_id=self.source_id, raw_id=self.raw_id, **values)

    async def sync_run(self, **values: Any) -> int:
        values = {"slot": datetime(2026, 3, 1, 0, self.next() % 60, tzinfo=UTC), "requested_at": T0, **values}
        return await self.add("sync_run", source_id=self.source_id, stream_id=self.stream_id, **values)

    async def region(self, code: str, parent: int | None = None, **values: Any) -> int:
        """Insert a region and what it is covered by."""
        made = await self.golden("region", code=code, parent_id=parent, **values)
        async with self.store.connection() as connection:
            await connection.execute(
                "INSERT INTO region_cover (region_id, covered_id, distance) SELECT region_id, $1::bigint, distance + 1 "
                "FROM region_cover WHERE covered_id = $2::bigint UNION ALL SELECT $1::bigint, $1::bigint, 0",
                made,
                parent,
            )
        return made

    async def partner(self, **values: Any) -> int:
        return await self.golden("partner", **values)

    async def product(self, **values: Any) -> int:
        values = {"units_per_pack": Decimal(1), "product_group": "X", "base_id": 0, **values}
        made = await self.golden("product", **values)
        if values["base_id"] == 0:
            async with self.store.connection() as connection:
                await connection.execute("UPDATE product SET base_id = id WHERE id = $1", made)
        return made

    async def customer(self, **values: Any) -> int:
        return await self.golden("customer", **values)

    async def location(self, **values: Any) -> int:
        return await self.golden("location", **values)

    async def order(self, *, lines: int = 1, product: int | None = None, **values: Any) -> int:
        """Insert an order with lines of 2 pieces at 50.00 each."""
        values = {
            "key": f"SO-{self.next()}",
            "kind": "sell_out",
            "ordered_on": date(2026, 3, 1),
            "placed_at": T0,
            "currency": "CNY",
            "total": Decimal(100 * lines),
            "net_total": Decimal(100 * lines),
            "line_count": lines,
            **values,
        }
        made = await self.canonical("sales_order", **values)
        for number in range(1, lines + 1):
            await self.canonical(
                "order_line",
                key=f"{values['key']}|{number}",
                order_id=made,
                number=number,
                product_id=product or await self.product(),
                sku="SKU-1",
                qty=Decimal(2),
                amount=Decimal("100.00"),
                tax_rate=Decimal("0.13"),
            )
        return made

    async def offer(self, **values: Any) -> int:
        values = {
            "listing_id": "L-1",
            "observed_at": T0,
            "seller": "Some Shop",
            "seller_key": "someshop",
            "channel": "tmall",
            "price": Decimal("9.90"),
            "min_qty": Decimal(1),
            "currency": "CNY",
            "tax_rate": Decimal(0),
            **values,
        }
        return await self.canonical("offer", **values)

    async def level(self, **values: Any) -> int:
        values = {
            "as_of": T0,
            "on_hand": Decimal(10),
            "in_transit": Decimal(0),
            "safety_stock": Decimal(1),
            **values,
        }
        return await self.canonical("inventory_level", **values)

    async def grant(self, **values: Any) -> int:
        values = {"exclusivity": "exclusive", "valid_from": date(2026, 1, 1), **values}
        return await self.canonical("territory_grant", **values)

    async def price(self, **values: Any) -> int:
        values = {
            "kind": "wholesale",
            "min_units": Decimal(0),
            "unit_price": Decimal("42.50"),
            "currency": "CNY",
            "valid_from": date(2026, 1, 1),
            **values,
        }
        return await self.canonical("price_policy", **values)

    async def promotion(self, **values: Any) -> int:
        values = {"name": "Spring", "valid_from": date(2026, 3, 1), "valid_to": date(2026, 4, 1), **values}
        return await self.canonical("promotion", **values)

    async def case(self, **values: Any) -> int:
        values = {
            "number": self.next(),
            "rule": "cross_region_sale",
            "group_key": f"group-{self.next()}",
            "month": date(2026, 3, 1),
            "score": Decimal("61.5"),
            "band": "medium",
            **values,
        }
        return await self.add("conflict_case", **values)

    async def conflict(self, **values: Any) -> int:
        values = {
            "finding_key": f"{self.next():032x}",
            "rule": "cross_region_sale",
            "scope": "scope",
            "classification": "suspected",
            "is_full": True,
            "event_day": date(2026, 3, 1),
            "score": Decimal("61.5"),
            "uncapped_score": Decimal("61.5"),
            "band": "medium",
            "watermark_at": T0,
            **values,
        }
        return await self.add("conflict", **values)

    async def step(self, case_id: int, **values: Any) -> int:
        return await self.add("case_step", case_id=case_id, **values)

    async def alert(self, case_id: int, **values: Any) -> int:
        values = {"reason": "opened", "severity": "medium", "dedupe": f"alert-{self.next()}", **values}
        made = await self.add("alert", case_id=case_id, **values)
        await self.add(
            "delivery", alert_id=made, route="sales", channel="email", recipient="lin.wei@example.com", state="delivered"
        )
        return made

    async def digest(self, **values: Any) -> int:
        to = {"route": "sales", "channel": "email", "recipient": "lin.wei@example.com"}
        values = {"day": T0.date(), "alert_count": 2, "finding_count": 5, **to, **values}
        made = await self.add("digest", **values)
        await self.add("delivery", digest_id=made, state="delivered", **to)
        return made

    async def alert_route(self, **values: Any) -> int:
        return await self.add("alert_route", name=f"route-{self.next()}", addresses=["lin.wei@example.com"], **values)

    async def reject(self, **values: Any) -> int:
        values = {
            "identity": f"reject-{self.next()}",
            "body": b"\xff\x00 not text",
            "reason": "invalid_value",
            "code": "bad_date",
            "message": "The date cannot be read.",
            "place": {"file": "orders.csv", "line": 3, "column": "order_date"},
            **values,
        }
        return await self.add("reject", source_id=self.source_id, stream_id=self.stream_id, run_id=self.run_id, **values)
