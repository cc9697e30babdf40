"""Names that no index can hold."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest

from hub.intake.length import bounded, longest
from hub.records import CanonicalRecord, Customer, DealRegistration, Offer, Partner, PartnerAlias, Product
from hub.store.database import Store
from tests.feeding import source

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def long_texts() -> Iterator[CanonicalRecord]:
    """Records with a text that does not become shorter by compressing it."""
    text = "".join(Random(1).choices([chr(code) for code in range(0x4E00, 0x9FA5)], k=9_000))
    yield Customer(code="K1", name=text)
    yield Customer(code="K2", name="K2", domain=text)
    yield Product(sku="S2", base_sku="S2", name=text)
    yield PartnerAlias(alias=text, partner="P1")
    yield Offer(listing_id="L1", observed_at=DAY, seller=text, channel="c", sku="S1", price=Decimal(1), currency="CNY")
    yield DealRegistration(deal_id="D1", partner="P1", account_name=text, registered_at=DAY, status="submitted")
    yield DealRegistration(deal_id="D2", partner="P1", account_domain=text, registered_at=DAY, status="submitted")


@pytest.mark.parametrize("record", list(long_texts()), ids=lambda one: type(one).__name__)
async def test_a_text_that_is_too_long_is_set_aside_and_the_sync_goes_on(store: Store, record: CanonicalRecord) -> None:
    demo = await source(store, masters=True)
    landed = await demo.send(Partner(code="P1", name="P1"), Product(sku="S1", base_sku="S1", name="S1"), record)
    assert (landed.counts.new, landed.counts.rejected) == (2, 1)
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT code FROM reject") == "too_long"


def test_a_text_counts_as_it_is_compared() -> None:
    assert longest("ﷺ") > len("ﷺ".encode())
    short = Customer(code="K1", name="名" * 600)
    assert bounded([short]) == (short,)
