"""What the rules saw in between, and what a hash must not hide."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.conflicts import trade
from hub.store.database import Store
from tests.trading import example_world

AT = datetime(2026, 3, 31, tzinfo=UTC)
STRAY: dict[str, Any] = {"seller": "GD-B", "to": "CN-SH", "day": "2026-03-01", "invoice": "INV1", "serials": ("S9",)}


async def test_a_line_that_changes_and_changes_back_around_one_batch(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await example_world(store)
    await world.order("O1", lines=[("P1", "40", "2800")], **STRAY)
    await world.detect(AT)
    standing = list(await world.findings("cross_region_sale"))
    await world.order("O1", lines=[("P1", "40", "2800")], **STRAY)
    refresh = trade.refresh

    async def refreshed(*arguments: Any, **named: Any) -> None:
        await refresh(*arguments, **named)
        monkeypatch.setattr(trade, "refresh", refresh)
        # A sync lands between the lines of trade and the rules, which read the order as it is then.
        await world.order("O1", lines=[("P1", "40", "2800")], **STRAY, drop_ship_for="SH-A")

    monkeypatch.setattr(trade, "refresh", refreshed)
    await world.detect(AT)
    await world.order("O1", lines=[("P1", "40", "2800")], **STRAY)
    await world.detect(AT)
    assert list(await world.findings("cross_region_sale")) == standing
    done = await world.detect(AT, full=True)
    assert (done.raised, done.changed, done.resolved, done.reopened) == (0, 0, 0, 0)


async def test_the_pack_of_what_came_back_changes_what_is_left(store: Store) -> None:
    world = await example_world(store)
    await world.product("Q6", group="Y", base="P2", pack="6")
    await world.order("O1", lines=[("P1", "40", "2800")], **STRAY)
    await world.order("T1", "GD-B", None, [("Q6", "1", "70")], day="2026-03-01", kind="return", returns=("O1", 1))
    await world.detect(AT)
    await world.product("Q6", group="Y", base="P2", pack="12")
    await world.detect(AT)
    (found,) = (await world.findings("cross_region_sale")).values()
    assert found["evidence"]["net_units"] == "28"


async def test_evidence_whose_parts_change_places_is_other_evidence(store: Store) -> None:
    async with store.connection() as connection:
        one = {"months": [{"month": str(number), "sell_in": str(number)} for number in range(40)]}
        other = {"months": [*one["months"]]}
        other["months"][0], other["months"][16] = other["months"][16], other["months"][0]
        told = await connection.fetchval(
            "SELECT hashtextextended(concat($1::jsonb, '[]'::jsonb), 0) = hashtextextended(concat($2::jsonb, '[]'::jsonb), 0)",
            one, other,
        )  # fmt: skip
    assert told is False
