"""Small hubs nobody would have thought of, and who looks at them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from hub.store.database import Store
from schema.context import Role, Viewer
from tests.reading.sight import BESIDES, TABLES
from tests.rows import T0, Rows

REGIONS = {"CN": None, "CN-GD": "CN", "CN-SH": "CN", "CN-SH-1": "CN-SH", "US": None}
PARTNERS = ("west", "east", "north", "own")
PRODUCTS = {"P-1": "GA", "P-12": "GA", "Q-1": "GB", "R-1": "-"}
SOURCES = ("acme", "till", "portal")
VIEWERS = (
    "admin", "analyst", "service", "west", "east", "nobody's partner", "direct sales", "west's manager", "China's manager",
    "Shanghai's manager", "west's manager of GA", "China's manager of GB", "manager of GA", "nobody's manager", "mediator",
)  # fmt: skip


def maybe(*values: str) -> st.SearchStrategy[Any]:
    return st.sampled_from((None, *values))


regions, partners, customers = maybe(*REGIONS), maybe(*PARTNERS), maybe("c0", "c1", "c2")
products, sources = st.sampled_from(tuple(PRODUCTS)), st.sampled_from(SOURCES)
gone = st.sampled_from((False, False, True))
hours, pieces = st.integers(0, 1500), st.sampled_from((0, 1, 2, 12)).map(Decimal)
amounts = st.decimals("-50", "9999.99", places=2)
currencies = st.sampled_from(("CNY", "USD"))
channels = st.sampled_from(("trade", "tmall", "b2b", "shop"))
scores = st.sampled_from(("0", "24.9", "25", "61.5", "70", "85", "99.9")).map(Decimal)


def many(most: int, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries(columns), min_size=most // 2, max_size=most)


PARTNER = st.fixed_dictionaries(
    {
        "type": st.sampled_from(("distributor", "reseller", "alliance", "agent")),
        "home": regions, "parent": maybe("west", "east"), "joined_on": st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 4)),
        "tier": maybe("gold"), "status": st.sampled_from(("active", "closed")), "gone": gone, "source": sources,
    }
)  # fmt: skip
LINE = st.fixed_dictionaries(
    {
        "product": products, "qty": pieces, "amount": amounts, "gone": gone, "status": st.sampled_from(("open", "cancelled")),
        "tax_included": st.booleans(), "back": maybe("SO-0", "SO-1"),
    }
)  # fmt: skip
MATTER = {
    "partner": partners, "affected": partners, "region": regions, "score": scores,
    "product_group": st.sampled_from(("-", "GA", "GB")), "rule": st.sampled_from(("cross_region_sale", "oversell")),
    "band": st.sampled_from(("info", "low", "medium", "high", "critical")),
}  # fmt: skip
WORLDS = st.fixed_dictionaries(
    {
        "partners": st.lists(PARTNER, min_size=4, max_size=4),
        "packs": st.lists(st.sampled_from((1, 6, 12)), min_size=4, max_size=4),
        "masters": maybe(*SOURCES),
        "trade_is": st.sampled_from((None, "consumer", "trade")),
        "customers": st.lists(
            st.fixed_dictionaries(
                {
                    "partner": partners, "region": regions, "gone": gone, "kind": st.sampled_from(("account", "consumer")),
                    "email": maybe("a@example.com"), "tags": st.lists(st.sampled_from(("vip", "at_risk")), max_size=2),
                }
            ),
            min_size=3,
            max_size=3,
        ),
        "locations": many(
            3, partner=partners, region=regions, gone=gone, source=sources, kind=st.sampled_from(("store", "virtual"))
        ),
        "levels": many(
            5, place=st.integers(0, 2), product=products, hour=hours, on_hand=pieces, reserved=st.none() | pieces, gone=gone,
            is_latest=st.sampled_from((True, True, False)), source=sources,
        ),
        "orders": many(
            6, kind=st.sampled_from(("sell_in", "sell_out", "return", "transfer")), partner=partners, buyer=partners,
            customer=customers, region=regions, place=st.integers(0, 5), drop=partners, channel=channels, currency=currencies,
            total=amounts, net=amounts, hour=hours, gone=gone, source=sources,
            state=st.sampled_from(("open", "fulfilled", "unknown")), lines=st.lists(LINE, max_size=3),
        ),
        "aliases": many(
            3, partner=partners, key=st.sampled_from(("shopa", "shopb")), channel=st.sampled_from(("*", "tmall")),
            status=st.sampled_from(("confirmed", "confirmed", "proposed")), gone=gone,
        ),
        "offers": many(
            5, partner=partners, product=products, region=regions, channel=channels, price=amounts, min_qty=pieces,
            currency=currencies, tax_included=st.booleans(), hour=hours, seller=st.sampled_from(("shopa", "shopb")), gone=gone,
            source=sources,
        ),
        "cases": many(
            3, **MATTER, state=st.sampled_from(("detected", "investigating", "mediation", "closed")), told=st.booleans(),
            mediated=st.booleans(), due=st.none() | hours, shown=st.booleans(),
        ),
        "conflicts": many(
            6, **MATTER, state=st.sampled_from(("open", "open", "dismissed")), case=st.none() | st.integers(0, 2),
            product=maybe(*PRODUCTS), worth=st.none() | amounts, day=st.integers(0, 60),
            was=many(2, state=maybe("open", "dismissed")),
            full=st.booleans(),
        ),
    }
)  # fmt: skip


class Builder:
    """Lays one world into an empty hub."""

    def __init__(self, store: Store, world: dict[str, Any]) -> None:
        self.rows, self.world = Rows(store), world
        self.ids: dict[str, int] = {}

    def id(self, name: str | None) -> int | None:
        return None if name is None else self.ids.get(name)

    def at(self, hour: int) -> Any:
        return T0 + timedelta(hours=hour)

    def said(self, one: dict[str, Any]) -> dict[str, Any]:
        """Let the next record come from its source; return when it was deleted there."""
        self.rows.source_id = self.ids[one.get("source", "acme")]
        return {"deleted_at": T0 if one["gone"] else None}

    async def lay(self) -> dict[str, int]:
        """Return the ids of all records by name."""
        await self.clear()
        await self.rows.begin()
        await self.sources()
        await self.places()
        await self.trade()
        await self.matters()
        return self.ids

    async def clear(self) -> None:
        tables = (*TABLES.values(), *BESIDES, "region_cover", "sync_run")
        async with self.rows.store.connection() as connection, connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            for name in tables:
                await connection.execute(f"DELETE FROM {name}")

    async def sources(self) -> None:
        world, rows = self.world, self.rows
        self.ids["acme"] = rows.source_id
        for name, kind in (("till", "ecommerce"), ("portal", "distributor")):
            self.ids[name] = await rows.add("source", name=name, title=name.title(), connector="sheet", kind=kind)
        async with rows.store.connection() as connection:
            await connection.execute("UPDATE source SET is_masters = name = $1", world["masters"] or "")
        self.ids["user"] = await rows.add("hub_user", name="Lin Wei", email="lin.wei@example.com", roles=["channel_manager"])
        if world["trade_is"]:
            await rows.canonical(
                "policy_version", version=1, effective_from=date(2026, 3, 10), base_currency="CNY", state="published",
                body={"channels": {"trade": world["trade_is"], "tmall": "trade"}},
            )  # fmt: skip

    async def places(self) -> None:
        world, rows = self.world, self.rows
        for name, above in REGIONS.items():
            kind = "province" if above else "country"
            self.ids[name] = await rows.region(name, self.id(above), kind=kind)
        await rows.add("region_neighbour", region_id=self.ids["CN-GD"], neighbour_id=self.ids["CN-SH"])
        for name, one in zip(PARTNERS, world["partners"], strict=True):
            self.ids[name] = await rows.partner(
                code=name, name=name.title(), type="direct" if name == "own" else one["type"], status=one["status"],
                home_region_id=self.id(one["home"]), parent_id=self.id(one["parent"]), joined_on=one["joined_on"],
                tier=one["tier"], **self.said(one),
            )  # fmt: skip
        for (name, group), pack in zip(PRODUCTS.items(), world["packs"], strict=True):
            self.ids[name] = await rows.product(
                code=name, product_group=group, units_per_pack=Decimal(pack),
                base_id=self.ids.get("P-1", 0) if name == "P-12" else 0, **self.said({"gone": name == "R-1"}),
            )  # fmt: skip
        for number, one in enumerate(world["customers"]):
            self.ids[f"c{number}"] = await rows.customer(
                code=f"c{number}", name=f"Customer {number}", kind=one["kind"], email=one["email"], tags=one["tags"],
                partner_id=self.id(one["partner"]), region_id=self.id(one["region"]), **self.said(one),
            )  # fmt: skip
        for number, one in enumerate(world["locations"]):
            self.ids[f"l{number}"] = await rows.location(
                code=f"l{number}", kind=one["kind"], partner_id=self.id(one["partner"]), region_id=self.id(one["region"]),
                **self.said(one),
            )  # fmt: skip

    async def trade(self) -> None:
        world, rows = self.world, self.rows
        for one in world["levels"]:
            place = self.id(f"l{one['place']}")
            if place is not None:
                await rows.level(
                    location_id=place, product_id=self.ids[one["product"]], as_of=self.at(one["hour"]), on_hand=one["on_hand"],
                    reserved=one["reserved"], is_latest=one["is_latest"], **self.said(one),
                )  # fmt: skip
        for number, one in enumerate(world["orders"]):
            when = self.said(one)
            self.ids[f"o{number}"] = await rows.order(
                key=f"SO-{number}", kind=one["kind"], partner_id=self.id(one["partner"]),
                buyer_partner_id=self.id(one["buyer"]),
                customer_id=self.id(one["customer"]), ship_to_region_id=self.id(one["region"]), channel=one["channel"],
                location_id=self.id(f"l{one['place']}"), drop_ship_for_id=self.id(one["drop"]), currency=one["currency"],
                total=one["total"], net_total=one["net"], placed_at=self.at(one["hour"]), state=one["state"],
                ordered_on=self.at(one["hour"]).date(), lines=0, **when,
            )  # fmt: skip
            for place, line in enumerate(one["lines"], start=1):
                await rows.canonical(
                    "order_line", key=f"SO-{number}|{place}", order_id=self.ids[f"o{number}"], number=place,
                    sku=line["product"],
                    product_id=self.ids[line["product"]], qty=line["qty"], amount=line["amount"], tax_rate=Decimal("0.13"),
                    tax_included=line["tax_included"], status=line["status"], return_of_order=line["back"],
                    deleted_at=T0 if line["gone"] else None,
                )  # fmt: skip
        for one in world["aliases"]:
            when = self.said(one)
            await rows.canonical(
                "partner_alias", alias=one["key"], alias_key=one["key"], channel=one["channel"], status=one["status"],
                partner_id=self.id(one["partner"]), **when,
            )  # fmt: skip
        for one in world["offers"]:
            when = self.said(one)
            await rows.offer(
                partner_id=self.id(one["partner"]), product_id=self.ids[one["product"]], region_id=self.id(one["region"]),
                channel=one["channel"], price=one["price"], min_qty=one["min_qty"], currency=one["currency"],
                tax_included=one["tax_included"], tax_rate=Decimal("0.13"), observed_at=self.at(one["hour"]),
                seller=one["seller"].title(), seller_key=one["seller"], **when,
            )  # fmt: skip

    def matter(self, one: dict[str, Any]) -> dict[str, Any]:
        return {
            "partner_id": self.id(one["partner"]), "affected_id": self.id(one["affected"]), "region_id": self.id(one["region"]),
            "score": one["score"], "band": one["band"], "product_group": one["product_group"], "rule": one["rule"],
        }  # fmt: skip

    async def matters(self) -> None:
        world, rows = self.world, self.rows
        for number, one in enumerate(world["cases"]):
            self.ids[f"k{number}"] = await rows.case(
                **self.matter(one), state=one["state"], told_at=T0 if one["told"] else None,
                mediator_id=self.ids["user"] if one["mediated"] else None, disclosed_to_partner=one["shown"],
                due_at=None if one["due"] is None else self.at(one["due"]),
            )  # fmt: skip
        for number, one in enumerate(world["conflicts"]):
            made = self.ids[f"f{number}"] = await rows.conflict(
                **self.matter(one), state=one["state"], is_full=one["full"], event_day=date(2026, 3, 1) + timedelta(one["day"]),
                case_id=self.id(f"k{one['case']}"), product_id=self.id(one["product"]), value_at_risk=one["worth"],
                value_currency=None if one["worth"] is None else "CNY", uncapped_score=one["score"],
                watermark={"acme": {"orders": T0.isoformat()}}, revision=1 + len(one["was"]),
            )  # fmt: skip
            for revision, was in enumerate(one["was"], start=1):
                await rows.add(
                    "conflict_history", conflict_id=made, revision=revision, classification="suspected",
                    score=one["score"], state=was["state"] or "open",
                )  # fmt: skip


def viewer(who: str, ids: dict[str, int]) -> Viewer:
    """Return who looks."""

    def manager(*names: str, groups: tuple[str, ...] = (), user: int | None = None) -> Viewer:
        return Viewer(
            Role.CHANNEL_MANAGER, user_id=user, product_groups=frozenset(groups),
            partner_ids=frozenset(ids[one] for one in names if one in PARTNERS),
            region_ids=frozenset(ids[one] for one in names if one in REGIONS),
        )  # fmt: skip

    known = {
        "west": Viewer(Role.PARTNER, partner_id=ids["west"]),
        "east": Viewer(Role.PARTNER, partner_id=ids["east"]),
        "nobody's partner": Viewer(Role.PARTNER),
        "direct sales": Viewer(Role.DIRECT_SALES),
        "west's manager": manager("west"),
        "China's manager": manager("CN"),
        "Shanghai's manager": manager("CN-SH", "own"),
        "west's manager of GA": manager("west", groups=("GA",)),
        "China's manager of GB": manager("CN", groups=("GB",), user=ids["user"]),
        "manager of GA": manager(groups=("GA",)),
        "nobody's manager": manager(),
        "mediator": manager(user=ids["user"]),
    }
    return known[who] if who in known else Viewer(Role(who))
