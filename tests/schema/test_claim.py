"""What a partner asks of the brand, and what is promised of stock."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from schema.context import Role, Viewer
from schema.ids import global_id
from tests.rows import T0, Rows

SAID = {"program": "Q1", "amount": Decimal(500), "currency": "CNY", "claim_date": date(2026, 3, 5)}


async def test_claims_and_deals_hang_from_their_partner(rows: Rows, ask: Any) -> None:
    west = await rows.partner(code="west")
    piece = await rows.product(code="P-1", units_per_pack=Decimal(12))
    await rows.canonical("claim", key="CL1", partner_id=west, product_id=piece, qty=Decimal(2), status="paid", **SAID)
    await rows.canonical("claim", key="CL2", partner_id=west, kind="mdf", **SAID | {"claim_date": date(2026, 3, 6)})
    await rows.canonical(
        "deal_registration", key="D1", partner_id=west, registered_at=T0, status="approved", account_name="Acme"
    )
    await rows.canonical(
        "deal_registration",
        key="D2",
        partner_id=west,
        registered_at=datetime(2026, 1, 1, tzinfo=UTC),
        status="won",
        expires_on=date(2026, 2, 1),
        amount=Decimal(1000),
        currency="CNY",
        product_group="X",
    )
    document = """{ partners { nodes {
        claims(first: 5) { nodes {
            number kind sourceStatus soldOn product { sku } quantity { value baseUnits } amount { amount } } }
        dealRegistrations(first: 5) { nodes { number accountName productGroup protectedUntil expectedValue { amount } } }
    } } }"""
    answer = await ask(document)
    assert answer["errors"] == []
    (partner,) = answer["data"]["partners"]["nodes"]
    assert partner["claims"]["nodes"] == [
        {"number": "CL2", "kind": "MDF", "sourceStatus": "submitted", "soldOn": "2026-03-06", "product": None, "quantity": None,
         "amount": {"amount": "500"}},
        {"number": "CL1", "kind": "REBATE", "sourceStatus": "paid", "soldOn": "2026-03-05", "product": {"sku": "P-1"},
         "quantity": {"value": "2", "baseUnits": "24"}, "amount": {"amount": "500"}},
    ]  # fmt: skip
    assert partner["dealRegistrations"]["nodes"] == [
        {"number": "D1", "accountName": "Acme", "productGroup": None, "protectedUntil": "2026-05-30", "expectedValue": None},
        {"number": "D2", "accountName": None, "productGroup": "X", "protectedUntil": "2026-02-01",
         "expectedValue": {"amount": "1000"}},
    ]  # fmt: skip


async def test_claims_are_found_by_what_they_say(rows: Rows, ask: Any) -> None:
    west = await rows.partner()
    for number, day in enumerate((4, 5, 6)):
        said = SAID | {"claim_date": date(2026, 3, day), "amount": Decimal(100 * day)}
        await rows.canonical("claim", key=f"CL{number}", partner_id=west, serial=f"S{number}", **said)
    for asked, found in [
        ('filter: {soldOn: {gte: "2026-03-05", lt: "2026-03-06"}}', ["CL1"]),
        ('filter: {soldOn: {eq: "2026-03-06"}}', ["CL2"]),
        ('filter: {serial: {eq: "S0"}}', ["CL0"]),
        ('filter: {amount: {currency: "CNY", lt: "500"}}', ["CL0"]),
        ("filter: {kind: {notIn: [REBATE]}}", []),
        (f'filter: {{partner: {{eq: "{global_id("Partner", west)}"}}}}, orderBy: [{{field: AMOUNT}}]', ["CL0", "CL1", "CL2"]),
    ]:
        answer = await ask(f"{{ claims({asked}) {{ nodes {{ number }} }} }}")
        assert answer["errors"] == []
        assert [one["number"] for one in answer["data"]["claims"]["nodes"]] == found, asked


async def test_nobody_else_reads_a_partners_claims_and_deals(rows: Rows, ask: Any) -> None:
    west, east, own = await rows.partner(), await rows.partner(), await rows.partner(type="direct")
    ids = [await rows.canonical("claim", partner_id=partner, **SAID) for partner in (west, east, own)]
    for partner in (west, east, own):
        await rows.canonical("deal_registration", partner_id=partner, registered_at=T0, status="submitted")
    document = "{ claims { nodes { id } } dealRegistrations { totalCount } fxRates { totalCount } }"
    await rows.canonical("fx_rate", day=date(2026, 3, 1), currency="USD", rate=Decimal(7))
    for viewer, seen, rates in [
        (Viewer(Role.PARTNER, partner_id=west), ids[:1], 0),
        (Viewer(Role.DIRECT_SALES), [], 0),
        (Viewer(Role.CHANNEL_MANAGER, partner_ids=frozenset({east})), ids[1:2], 1),
        (Viewer(Role.CHANNEL_MANAGER), [], 0),
        (Viewer(Role.ANALYST), ids, 1),
    ]:
        answer = (await ask(document, viewer))["data"]
        assert {one["id"] for one in answer["claims"]["nodes"]} == {global_id("Claim", id) for id in seen}
        assert (answer["dealRegistrations"]["totalCount"], answer["fxRates"]["totalCount"]) == (len(seen), rates)


async def test_what_is_promised_of_stock_hangs_from_it(rows: Rows, ask: Any) -> None:
    west = await rows.partner(code="west")
    piece, house = await rows.product(), await rows.location()
    await rows.level(location_id=house, product_id=piece)
    await rows.order(key="SO-OURS", product=piece)
    await rows.order(key="SO-WEST", buyer_partner_id=west, kind="sell_in", product=piece)
    promises: list[dict[str, Any]] = [
        {"order_ref": "SO-OURS", "channel": "tmall"},
        {"order_ref": "SO-WEST"},
        {},
        {"status": "fulfilled"},
        {"expires_at": datetime(2026, 3, 2, tzinfo=UTC)},
    ]
    for minute, said in enumerate(promises):
        stock = {"location_id": house, "product_id": piece, "qty": Decimal(2), "reserved_at": T0.replace(minute=minute)}
        await rows.canonical("reservation", **stock, **said)
    document = """{ inventoryLevels { nodes { reservations(first: 9) {
        nodes { channel order { number } quantity { value } inventoryLevel { onHand { value } } } } } } }"""
    about = {"quantity": {"value": "2"}, "inventoryLevel": {"onHand": {"value": "10"}}}
    ours = {"channel": "tmall", "order": {"number": "SO-OURS"}, **about}
    for viewer, promised in [
        (
            Viewer(Role.ADMIN),
            [ours, {"channel": "trade", "order": {"number": "SO-WEST"}, **about}, {"channel": "trade", "order": None, **about}],
        ),
        (Viewer(Role.DIRECT_SALES), [ours]),
    ]:
        answer = await ask(document, viewer)
        assert answer["errors"] == []
        (level,) = answer["data"]["inventoryLevels"]["nodes"]
        assert level["reservations"]["nodes"] == promised, viewer


async def test_a_rate_says_from_what_to_what_and_who_says_so(rows: Rows, ask: Any) -> None:
    await rows.canonical("fx_rate", day=date(2026, 3, 1), currency="USD", rate=Decimal("7.1034"))
    document = '{ fxRates(filter: {base: {eq: "USD"}}) { nodes { base quote rate validOn publisher } } }'
    rate = {"base": "USD", "quote": None, "rate": "7.1034", "validOn": "2026-03-01", "publisher": "Acme"}
    assert (await ask(document))["data"]["fxRates"]["nodes"] == [rate]
    await rows.canonical(
        "policy_version", version=1, effective_from=date(2026, 1, 1), base_currency="CNY", state="published", body={}
    )
    assert (await ask(document))["data"]["fxRates"]["nodes"] == [rate | {"quote": "CNY"}]
