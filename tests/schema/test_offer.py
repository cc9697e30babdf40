"""How long an offer stands, as far as it was seen."""

from datetime import timedelta
from typing import Any

from tests.rows import T0, Rows


async def test_an_offer_stands_until_its_listing_is_seen_again(rows: Rows, ask: Any) -> None:
    product = await rows.product()
    for key, days, more in (
        ("first", 0, {}),
        ("second", 2, {}),
        ("other listing", 1, {"listing_id": "L-2"}),
        ("another seller", 1, {"seller_key": "other"}),
    ):
        await rows.offer(key=key, product_id=product, observed_at=T0 + timedelta(days=days), url=key, **more)
    document = """query ($filter: OfferFilter) { offers(filter: $filter, orderBy: [{field: SEEN_AT}]) {
        nodes { url validFrom validTo } } }"""
    listed = (await ask(document))["data"]["offers"]["nodes"]
    assert listed[0] == {"url": "first", "validFrom": "2026-03-01T08:30:00.000000Z", "validTo": "2026-03-03T08:30:00.000000Z"}
    assert [one["validTo"] for one in listed[1:]] == [None, None, None]
    for at, found in (
        ("2026-03-01T08:29:59Z", []),
        ("2026-03-01T08:30:00Z", ["first"]),
        ("2026-03-03T08:29:59Z", ["another seller", "first", "other listing"]),
        ("2026-03-03T08:30:00Z", ["another seller", "other listing", "second"]),
    ):
        nodes = (await ask(document, filter={"validAt": at}))["data"]["offers"]["nodes"]
        assert sorted(one["url"] for one in nodes) == found, at
