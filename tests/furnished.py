"""A hub with a little of everything, for two partners that must not see each other."""

from datetime import date
from decimal import Decimal

from tests.rows import T0, Rows


async def furnish(rows: Rows) -> dict[str, int]:
    """Fill every table with a little of everything, for two partners that must not see each other."""
    china = await rows.region("CN", kind="country")
    south = await rows.region("CN-GD", china, kind="province")
    await rows.add("region_neighbour", region_id=china, neighbour_id=south)
    found = {"china": china, "south": south}
    password = {"name": "password", "help": "Password", "type": "text", "required": True, "secret": True}
    await rows.add("connector", name="sheet", title="Sheets", kind="file", streams=["orders"], settings=[password])
    told = {"schedule": "every 15m", "removal_limit": 0.3, "settings": {"a": "b", "c": ["d"], "e": {"f": "g", "h": {"i": "j"}}}}
    async with rows.store.connection() as connection:
        await connection.execute("UPDATE source SET settings = $2, next_run_at = $3 WHERE id = $1", rows.source_id, told, T0)
    await rows.add("source_check", source_id=rows.source_id, state="done", streams=[{"name": "orders", "records": 3}])
    piece = await rows.product(code="P-1", gtin="4006381333931")
    await rows.product(code="P-12", base_id=piece, units_per_pack=Decimal(12))
    for name in ("west", "east"):
        partner = await rows.partner(code=name, home_region_id=south if name == "west" else china, tier="gold")
        customer = await rows.customer(
            code=f"{name}-shop", kind="consumer", email=f"{name}@example.com", tags=["vip"], region_id=south
        )
        place = await rows.location(code=f"{name}-place", partner_id=partner, region_id=south)
        await rows.level(location_id=place, product_id=piece, reserved=Decimal(3))
        order = await rows.order(
            key=f"{name}-1",
            partner_id=partner,
            customer_id=customer,
            product=piece,
            ship_to_region_id=south,
            location_id=place,
            lines=2,
        )
        back = await rows.order(key=f"{name}-2", kind="return", partner_id=partner, product=piece, currency="USD")
        async with rows.store.connection() as connection:
            await connection.execute("UPDATE order_line SET return_of_order = $1 WHERE order_id = $2", f"{name}-1", back)
            line = await connection.fetchval("SELECT min(id) FROM order_line WHERE order_id = $1", order)
        await rows.offer(product_id=piece, partner_id=partner, region_id=south, url="https://shop.example.com/1")
        await rows.canonical(
            "claim",
            key=f"{name}-claim",
            partner_id=partner,
            program="Q1",
            product_id=piece,
            qty=Decimal(4),
            amount=Decimal(500),
            currency="CNY",
            claim_date=date(2026, 3, 5),
            customer_id=customer,
        )
        await rows.canonical(
            "deal_registration",
            key=f"{name}-deal",
            partner_id=partner,
            customer_id=customer,
            product_group="X",
            registered_at=T0,
            status="approved",
            amount=Decimal(1000),
            currency="CNY",
        )
        await rows.canonical(
            "reservation",
            location_id=place,
            product_id=piece,
            qty=Decimal(2),
            order_ref=f"{name}-1",
            reserved_at=T0,
        )
        grant = await rows.grant(partner_id=partner, region_id=south, product_group="X", contract_ref="C-1")
        await rows.price(product_id=piece, region_id=south, channel="tmall")
        await rows.promotion(product_id=piece, partner_id=partner, floor_price=Decimal(5), currency="CNY")
        case = await rows.case(partner_id=partner, region_id=south, state="investigating", product_group="X")
        await rows.conflict(
            partner_id=partner,
            affected_id=found.get("west"),
            product_id=piece,
            region_id=south,
            case_id=case,
            value_at_risk=Decimal("12.50"),
            value_currency="CNY",
            filters_tried=[{"filter": "border", "outcome": "found", "detail": "CN-GD/CN-GX"}],
            evidence={
                "order": f"{name}-1",
                "line": 1,
                "net_units": "2",
                "holder": "secret-holder",
                "records": [
                    {"code": "sale_line", "noun": "order_line", "id": line, "facts": {"units": "2"}, "hash": "ab"},
                    {"code": "holder_grant", "noun": "territory_grant", "id": grant, "facts": {"day": "x"}, "hash": "cd"},
                ],
            },
        )
        await rows.step(case, comment="Looked at.", visible_to_partner=name == "west")
        await rows.alert(case)
        found |= {name: partner, f"{name}_order": order, f"{name}_case": case, f"{name}_customer": customer}
    await rows.canonical("fx_rate", day=date(2026, 3, 1), currency="USD", rate=Decimal("7.1034"))
    await rows.digest()
    await rows.alert_route()
    await rows.reject()
    await rows.sync_run(error_kind="SourceDown", error_message="No answer.", error_retryable=True, state="failed")
    await rows.add(
        "identity_candidate", noun="partner", left_id=found["west"], right_id=found["east"], score=0.9, reason="name"
    )
    await rows.add(
        "policy_version",
        source_id=rows.source_id,
        key="1",
        raw_id=rows.raw_id,
        version=1,
        effective_from=date(2026, 1, 1),
        base_currency="CNY",
        state="published",
        body={"channels": {"tmall": "consumer"}},
    )
    return found
