"""A small world of trade for tests of detection: records go straight into the tables and are marked as intake marks them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hub.normalise.name import alias_key
from hub.store import dirty
from hub.store.database import Connection, Store
from hub.store.statements import statement
from jobs.detect import Detected, detect

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
TERMS = "hub_terms(policy_version, partner_id, event_day, value_at_risk, depth, strength, days, places)"
GOLDEN = ("region", "partner", "customer", "product", "location")


def plain(value: object) -> object:
    """Return a value as JSON says it."""
    return str(value) if isinstance(value, Decimal | date | datetime) else value


class World:
    """Records by code. Putting a code again changes its record; `ids` has the id of each."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ids: dict[tuple[str, str], int] = {}

    def id(self, noun: str, code: str | None) -> int | None:
        """Return the id of a record."""
        return None if code is None else self.ids[noun, code]

    async def source(self, name: str = "demo") -> int:
        """Return the id of a source, which is made on first use."""
        if ("source", name) not in self.ids:
            async with self.store.connection() as connection:
                made = await connection.fetchval(
                    "INSERT INTO source (name, title, connector) VALUES ($1, $1, 'sheet') RETURNING id", name
                )
            self.ids["source", name] = made
        return self.ids["source", name]

    async def put(self, noun: str, code: str, source: str = "demo", **columns: object) -> int:
        """Write a record that is one row."""
        said = {name: plain(value) for name, value in columns.items()} | {"source_id": await self.source(source)}
        said |= {"code": code} if noun in GOLDEN else {"key": code, "raw_id": 0}
        async with self.store.transaction() as connection:
            record, old = await self.write(connection, noun, code, said, source)
            await dirty.mark(connection, [(noun, record, old)])
            if noun == "region":
                await settle_regions(connection, record)
        return record

    async def write(
        self, connection: Connection, table: str, code: str, said: Mapping[str, object], source: str = "demo"
    ) -> tuple[int, dict[str, Any] | None]:
        """Insert or update one row; return its id and the row before."""
        name = (table, code if source == "demo" else f"{source}:{code}")
        columns = ", ".join(said)
        if name not in self.ids:
            made = await connection.fetchval(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, $1) RETURNING id",
                said,
            )
            self.ids[name] = made
            return made, None
        old = await connection.fetchval(f"SELECT to_jsonb(t) FROM {table} AS t WHERE id = $1", self.ids[name])
        await connection.execute(
            f"UPDATE {table} SET ({columns}, deleted_at) = (SELECT {columns}, NULL::timestamptz"
            f" FROM jsonb_populate_record(NULL::{table}, $1)) WHERE id = $2",
            said,
            self.ids[name],
        )
        return self.ids[name], old

    async def delete(self, noun: str, code: str, source: str = "demo") -> None:
        """Mark a record as gone."""
        record = self.ids[noun, code if source == "demo" else f"{source}:{code}"]
        async with self.store.transaction() as connection:
            old = await self.before(connection, noun, record)
            await connection.execute(f"UPDATE {noun} SET deleted_at = now() WHERE id = $1", record)
            if noun == "sales_order":
                await connection.execute("UPDATE order_line SET deleted_at = now() WHERE order_id = $1", record)
            await dirty.mark(connection, [(noun, record, old)])

    async def restore(self, noun: str, code: str) -> None:
        """Bring back a record that was marked as gone, as it was."""
        record = self.ids[noun, code]
        async with self.store.transaction() as connection:
            gone = await connection.fetchval(f"SELECT deleted_at FROM {noun} WHERE id = $1", record)
            if gone is None:
                return
            old = await self.before(connection, noun, record)
            if noun == "sales_order":
                await connection.execute(
                    "UPDATE order_line SET deleted_at = NULL WHERE order_id = $1 AND deleted_at = $2", record, gone
                )
            await connection.execute(f"UPDATE {noun} SET deleted_at = NULL WHERE id = $1", record)
            await dirty.mark(connection, [(noun, record, old)])

    async def before(self, connection: Connection, noun: str, record: int) -> dict[str, Any]:
        """Return a record as marks keep it."""
        found: dict[str, Any]
        if noun == "sales_order":
            one = statement("order", "orders_before")
            found = (await connection.fetchrow(one.sql, *one.arguments({"ids": [record]})))["old"]
        else:
            found = await connection.fetchval(f"SELECT to_jsonb(t) FROM {noun} AS t WHERE id = $1", record)
        return found

    async def region(self, code: str, parent: str | None = None, kind: str = "zone", neighbours: tuple[str, ...] = ()) -> None:
        await self.put(
            "region", code, name=code, parent_id=self.id("region", parent), kind=kind, neighbour_codes=list(neighbours)
        )

    async def partner(
        self,
        code: str,
        home: str | None = None,
        parent: str | None = None,
        type: str = "distributor",
        model: str = "buy_sell",
        manager: str | None = None,
    ) -> None:
        await self.put(
            "partner", code, name=code, parent_id=self.id("partner", parent), type=type, model=model,
            home_region_id=self.id("region", home), manager=manager,
        )  # fmt: skip

    async def customer(
        self,
        code: str,
        region: str | None = None,
        segment: str | None = None,
        key: bool = False,
        parent: str | None = None,
        tax_id: str | None = None,
        domain: str | None = None,
        name: str | None = None,
    ) -> None:
        await self.put(
            "customer", code, name=name or code, region_id=self.id("region", region), segment=segment, key_account=key,
            parent_id=self.id("customer", parent), tax_id=tax_id, domain=domain,
        )  # fmt: skip

    async def product(
        self, code: str, group: str = "X", base: str | None = None, pack: str = "1", launched: str | None = None
    ) -> None:
        if ("product", code) not in self.ids and base is None:
            await self.put(
                "product", code, name=code, base_id=0, units_per_pack=pack, product_group=group, launched_on=launched
            )
            async with self.store.connection() as connection:
                await connection.execute("UPDATE product SET base_id = id WHERE base_id = 0")
            return
        await self.put(
            "product", code, name=code, base_id=self.ids["product", base or code], units_per_pack=pack, product_group=group,
            launched_on=launched,
        )  # fmt: skip

    async def location(self, code: str, kind: str = "warehouse", partner: str | None = None, region: str | None = None) -> None:
        await self.put(
            "location", code, name=code, kind=kind, partner_id=self.id("partner", partner), region_id=self.id("region", region)
        )

    async def grant(
        self,
        code: str,
        partner: str,
        region: str,
        group: str = "X",
        start: str = "2026-01-01",
        end: str | None = "2027-01-01",
        exclusivity: str = "exclusive",
        segment: str = "*",
        contract: str | None = None,
        source: str = "demo",
    ) -> None:
        await self.put(
            "territory_grant", code, source, partner_id=self.id("partner", partner), region_id=self.id("region", region),
            product_group=group, segment=segment, exclusivity=exclusivity, valid_from=start, valid_to=end,
            contract_ref=contract,
        )  # fmt: skip

    async def price(
        self,
        code: str,
        kind: str,
        price: str,
        product: str = "P1",
        region: str | None = "CN",
        channel: str | None = None,
        min_units: str = "0",
        start: str = "2026-01-01",
        end: str | None = None,
        currency: str = "CNY",
    ) -> None:
        await self.put(
            "price_policy", code, kind=kind, product_id=self.id("product", product), region_id=self.id("region", region),
            channel=channel, min_units=min_units, unit_price=price, currency=currency, valid_from=start, valid_to=end,
        )  # fmt: skip

    async def promotion(
        self,
        code: str,
        start: str,
        end: str,
        product: str | None = None,
        group: str | None = None,
        region: str | None = None,
        channel: str | None = None,
        partner: str | None = None,
        floor: str | None = None,
    ) -> None:
        await self.put(
            "promotion", code, name=code, product_id=self.id("product", product), product_group=group,
            region_id=self.id("region", region), channel=channel, partner_id=self.id("partner", partner), floor_price=floor,
            currency=floor and "CNY", valid_from=start, valid_to=end,
        )  # fmt: skip

    async def alias(self, alias: str, partner: str | None, channel: str = "*", status: str = "confirmed") -> None:
        await self.put(
            "partner_alias", f"{channel}|{alias}", alias=alias, alias_key=alias_key(alias), channel=channel,
            partner_id=self.id("partner", partner), status=status,
        )  # fmt: skip

    async def fx(self, day: str, currency: str, rate: str) -> None:
        await self.put("fx_rate", f"{day}|{currency}", day=day, currency=currency, rate=rate)

    async def policy(self, version: int = 1, start: str = "2026-01-01", **body: object) -> None:
        await self.put(
            "policy_version", str(version), version=version, effective_from=start, base_currency="CNY",
            timezone="Asia/Shanghai", state="published",
            body={"jurisdiction": {"regions": {"CN": "CN", "EU": "EEA", "US": "US"}}} | body,
        )  # fmt: skip

    async def offer(
        self,
        listing: str,
        seen: str,
        price: str,
        seller: str,
        channel: str = "tmall",
        product: str = "P1",
        region: str | None = "CN-GD",
        tax: str | None = None,
        currency: str = "CNY",
        price_kind: str = "advertised",
        condition: str = "new",
        evidence: str | None = None,
        partner: str | None = None,
        min_qty: str = "1",
        source: str = "demo",
    ) -> None:
        await self.put(
            "offer", f"{listing}|{seen}", source, listing_id=listing, observed_at=seen, seller=seller,
            seller_key=alias_key(seller), channel=channel, product_id=self.id("product", product),
            partner_id=self.id("partner", partner), region_id=self.id("region", region), price=price, min_qty=min_qty,
            currency=currency, tax_included=tax is not None, tax_rate=tax or "0", price_kind=price_kind,
            condition=condition, evidence_hash=evidence,
        )  # fmt: skip

    async def order(
        self,
        code: str,
        seller: str | None,
        to: str | None,
        lines: list[tuple[str, str, str]],
        day: str = "2026-03-01",
        kind: str = "sell_out",
        source: str = "demo",
        customer: str | None = None,
        buyer: str | None = None,
        drop_ship_for: str | None = None,
        location: str | None = None,
        currency: str = "CNY",
        channel: str = "trade",
        initiated: str = "active",
        invoice: str | None = None,
        status: str = "delivered",
        tax: str | None = None,
        returns: tuple[str, int] | None = None,
        serials: tuple[str, ...] = (),
        deal: str | None = None,
    ) -> None:
        """Write an order with its lines (sku, qty, amount). A line it had before and has no more is marked as gone."""
        source_id = await self.source(source)
        name = code if source == "demo" else f"{source}:{code}"
        async with self.store.transaction() as connection:
            known = self.ids.get(("sales_order", name))
            old = None if known is None else await self.before(connection, "sales_order", known)
            header = {
                "source_id": source_id, "key": code, "raw_id": 0, "kind": kind, "ordered_on": day, "placed_at": day,
                "partner_id": self.id("partner", seller), "buyer_partner_id": self.id("partner", buyer),
                "customer_id": self.id("customer", customer), "channel": channel, "invoice_ref": invoice,
                "initiated": initiated, "drop_ship_for_id": self.id("partner", drop_ship_for),
                "ship_to_region_id": self.id("region", to), "ship_to_location_id": self.id("location", location),
                "currency": currency, "total": 0, "net_total": 0, "deal_ref": deal,
            }  # fmt: skip
            record, _ = await self.write(connection, "sales_order", code, header, source)
            await connection.execute("UPDATE order_line SET deleted_at = now() WHERE order_id = $1", record)
            for number, (sku, qty, amount) in enumerate(lines, start=1):
                line = {
                    "source_id": source_id, "key": f"{code}|{number}", "raw_id": 0, "order_id": record, "number": number,
                    "product_id": self.id("product", sku), "sku": sku, "qty": qty, "amount": amount, "status": status,
                    "tax_included": tax is not None, "tax_rate": tax or "0", "serials": list(serials),
                    "return_of_order": returns and returns[0], "return_of_line": returns and returns[1],
                }  # fmt: skip
                await self.write(connection, "order_line", f"{code}|{number}", line, source)
            await dirty.mark(connection, [("sales_order", record, old)])

    async def claim(
        self,
        code: str,
        partner: str,
        program: str = "Q1",
        product: str | None = "P1",
        qty: str | None = "100",
        amount: str = "500",
        day: str = "2026-03-05",
        kind: str = "rebate",
        currency: str = "CNY",
        customer: str | None = None,
        invoice: str | None = None,
        serial: str | None = None,
        status: str = "submitted",
        replaces: str | None = None,
        source: str = "demo",
    ) -> None:
        await self.put(
            "claim", code, source, partner_id=self.id("partner", partner), program=program, kind=kind,
            product_id=self.id("product", product), qty=qty, amount=amount, currency=currency, claim_date=day,
            customer_id=self.id("customer", customer), invoice_ref=invoice, serial=serial, status=status, replaces=replaces,
        )  # fmt: skip

    async def deal(
        self,
        code: str,
        partner: str,
        registered: str,
        expires: str | None = None,
        status: str = "submitted",
        customer: str | None = None,
        tax_id: str | None = None,
        domain: str | None = None,
        name: str | None = None,
        group: str = "X",
        amount: str | None = None,
        linked: str | None = None,
        renewal: bool = False,
        source: str = "demo",
    ) -> None:
        """Write a deal registration; `registered` is an instant, `expires` the day protection ends."""
        await self.put(
            "deal_registration", code, source, partner_id=self.id("partner", partner), registered_at=registered,
            expires_on=expires, status=status, customer_id=self.id("customer", customer), account_tax_id=tax_id,
            account_domain=domain, account_name=name, product_group=group, amount=amount, currency=amount and "CNY",
            linked_deal=linked, renewal=renewal,
        )  # fmt: skip

    async def month(
        self,
        partner: str,
        month: str,
        opening: str = "0",
        sell_in: str = "0",
        sell_out: str = "0",
        closing: str = "0",
        product: str = "P1",
        returns: str = "0",
        returns_out: str = "0",
        transfers_in: str = "0",
        transfers_out: str = "0",
        adjustments: str = "0",
        source: str = "demo",
    ) -> None:
        """Write an inventory month; `month` is YYYY-MM."""
        await self.put(
            "inventory_month", f"{partner}|{product}|{month}", source, partner_id=self.id("partner", partner),
            product_id=self.id("product", product), month=f"{month}-01", opening=opening, sell_in=sell_in,
            sell_out=sell_out, closing=closing, returns=returns, returns_out=returns_out, transfers_in=transfers_in,
            transfers_out=transfers_out, adjustments=adjustments,
        )  # fmt: skip

    async def level(
        self, location: str, on_hand: str, as_of: str, product: str = "P1", latest: bool = True, source: str = "demo"
    ) -> None:
        await self.put(
            "inventory_level", f"{location}|{product}|{as_of}", source, location_id=self.id("location", location),
            product_id=self.id("product", product), as_of=as_of, on_hand=on_hand, in_transit="0", safety_stock="0",
            is_latest=latest,
        )  # fmt: skip

    async def reservation(
        self,
        code: str,
        location: str,
        qty: str,
        channel: str = "trade",
        status: str = "open",
        product: str = "P1",
        reserved: str = "2026-03-01T00:00:00Z",
        expires: str | None = None,
        order: str | None = None,
        source: str = "demo",
    ) -> None:
        await self.put(
            "reservation", code, source, location_id=self.id("location", location), product_id=self.id("product", product),
            qty=qty, channel=channel, status=status, reserved_at=reserved, expires_at=expires, order_ref=order,
        )  # fmt: skip

    async def serial_event(
        self,
        code: str,
        serial: str,
        event: str,
        when: str,
        partner: str | None = None,
        region: str | None = None,
        product: str = "P1",
        lot: str | None = None,
        accuracy: str | None = None,
        photo: str | None = None,
        source: str = "demo",
    ) -> None:
        await self.put(
            "serial_event", code, source, serial=serial, product_id=self.id("product", product), event=event,
            partner_id=self.id("partner", partner), region_id=self.id("region", region), happened_at=when, lot=lot,
            accuracy_km=accuracy, photo_hash=photo,
        )  # fmt: skip

    async def detect(self, at: datetime = NOON, *, full: bool = False) -> Detected:
        """Judge what changed."""
        return await detect(self.store, at=at, full=full)

    async def findings(self, rule: str, state: str = "open") -> dict[tuple[str, ...], dict[str, Any]]:
        """Return the rule's findings by the parts of their keys."""
        rows = await self.rows(f"SELECT c.*, {TERMS} AS terms FROM conflict AS c WHERE rule = $1 AND state = $2", rule, state)
        return {tuple(row["parts"]): row for row in rows}

    async def judged(self, rule: str, at: datetime = NOON) -> dict[tuple[str, ...], dict[str, Any]]:
        """Judge what changed and return the rule's findings, once a run over everything has said the same."""
        said = (
            "finding_key",
            "revision",
            "classification",
            "product_group",
            "value_at_risk",
            "score",
            "evidence",
            "filters_tried",
        )
        await self.detect(at)
        found = await self.findings(rule)
        await self.detect(at, full=True)
        again = await self.findings(rule)
        assert {key: [row[name] for name in said] for key, row in found.items()} == {
            key: [row[name] for name in said] for key, row in again.items()
        }
        return found

    async def rows(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        async with self.store.connection() as connection:
            return [dict(row) for row in await connection.fetch(sql, *arguments)]

    async def run(self, sql: str, *arguments: object) -> None:
        """Change something behind the hub's back."""
        async with self.store.connection() as connection:
            await connection.execute(sql, *arguments)


async def settle_regions(connection: Connection, changed: int) -> None:
    """Bring paths, covers and neighbours up to date, as intake does."""
    moved = await connection.fetch(statement("region", "settle_paths").sql)
    await dirty.mark(connection, [("region", row["id"], row["old"]) for row in moved if row["id"] != changed])
    for name in ("drop_covers", "add_covers", "drop_neighbours", "add_neighbours"):
        await connection.execute(statement("region", name).sql)


async def example_world(store: Store) -> World:
    """The world every example of the rules lives in: three distributors with exclusive grants, three articles, prices."""
    world = World(store)
    await world.policy()
    await world.region("CN", kind="country")
    await world.region("CN-SH", "CN", "province", neighbours=("CN-JS",))
    for code in ("CN-JS", "CN-GD", "CN-BJ"):
        await world.region(code, "CN", "province")
    await world.region("CN-JS-SZ", "CN-JS", "city")
    for code, home in (("SH-A", "CN-SH"), ("GD-B", "CN-GD"), ("JS-C", "CN-JS")):
        await world.partner(code, home)
    await world.product("P1")
    await world.product("P1-12", base="P1", pack="12")
    await world.product("P2", group="Y")
    await world.grant("G1", "SH-A", "CN-SH")
    await world.grant("G2", "GD-B", "CN-GD")
    await world.grant("G3", "JS-C", "CN-JS")
    await world.price("PP1", "map", "100")
    await world.price("PP2", "factory", "60")
    await world.price("PP3", "wholesale", "80")
    await world.promotion("PR618", "2026-06-18", "2026-06-21", product="P1", region="CN-GD", floor="85")
    return world
