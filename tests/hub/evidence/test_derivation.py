"""How a number came about, as formulas that anybody can compute again."""

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.store.database import Store
from tests.trading import World, example_world

BASIS = "Asia/Shanghai CNY"
NUMBER = re.compile(r"\d+(?:\.\d+)?")


async def steps(store: Store, noun: str, record: int, basis: str | None = BASIS) -> dict[str, Any]:
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT * FROM hub_derivation($1, $2, $3, '2026-03-05') ORDER BY place", noun, record, basis
        )
    return {row["name"]: (row["formula"], row["value"], row["day"]) for row in rows}


def computed(formula: str) -> Fraction:
    """Return what a formula comes to, exactly."""
    plain = NUMBER.sub(lambda number: f"Fraction('{number[0]}')", formula)
    value: Fraction = eval(plain.translate(str.maketrans("×÷−", "*/-")), {"Fraction": Fraction, "max": max})
    return value


def rounded(value: Fraction, places: int = 6) -> Decimal:
    """Return a fraction rounded once, half away from zero."""
    scaled = value * 10**places
    whole = (abs(scaled) * 2 + 1) // 2
    return Decimal(int(whole) if scaled >= 0 else -int(whole)).scaleb(-places)


async def test_each_number_of_a_line_can_be_computed_again(store: Store) -> None:
    world = await example_world(store)
    await world.fx("2026-02-27", "USD", "7.1")
    await world.fx("2026-03-02", "USD", "9")
    await world.order("O1", "GD-B", "CN-SH", [("P1-12", "3", "1356")], currency="USD", tax="0.13")
    await world.order("R1", "GD-B", "CN-SH", [("P1", "2", "1")], kind="return", returns=("O1", 1))
    await world.order("R2", "GD-B", "CN-SH", [("P1-12", "1", "1")], kind="return", returns=("O1", 1))
    found = await steps(store, "order_line", world.ids["order_line", "O1|1"])
    assert found == {
        "units": ("3 × 12", "36", None),
        "returned": ("2 × 1 + 1 × 12", "14", None),
        "net_units": ("max(0, 36 − 14)", "22", None),
        "rate": ("USD → CNY", "7.1", date(2026, 2, 27)),
        "tax": ("1 + 0.13", "1.13", None),
        "unit_net": ("1356 × 7.1 ÷ (1.13 × 36)", "236.666667", None),
        "value": ("22 × 236.666667", "5206.67", None),
    }


async def test_offers_prices_claims_and_stock_have_theirs(store: Store) -> None:
    world = await example_world(store)
    await world.fx("2026-03-01", "USD", "7.2")
    await world.offer("L1", "2026-02-28T17:00:00Z", "113", "Shop", product="P1-12", tax="0.13", currency="USD")
    await world.price("PP9", "map", "10", currency="USD")
    await world.claim("C1", "SH-A", product="P1-12", qty="2", amount="50", currency="USD")
    await world.month("SH-A", "2026-03", "5")
    offer = await steps(store, "offer", world.ids["offer", "L1|2026-02-28T17:00:00Z"])
    # Late in the evening of 28 February it is 1 March in Shanghai.
    assert offer["rate"] == ("USD → CNY", "7.2", date(2026, 3, 1))
    assert offer["unit_net"] == ("113 × 7.2 ÷ (1.13 × 12)", "60", None)
    assert (await steps(store, "price_policy", world.ids["price_policy", "PP9"]))["reference"] == ("10 × 7.2", "72", None)
    claim = await steps(store, "claim", world.ids["claim", "C1"])
    assert (claim["units"][:2], claim["value"][:2]) == (("2 × 12", "24"), ("50 × 7.2", "360"))
    month = next(record for (noun, _), record in world.ids.items() if noun == "inventory_month")
    assert (await steps(store, "inventory_month", month))["opening"] == ("5 × 1", "5", None)


async def test_what_is_unknown_is_said_to_be(store: Store) -> None:
    world = await example_world(store)
    await world.order("O1", "GD-B", "CN-SH", [("P1", "2", "10")], currency="USD")
    line = world.ids["order_line", "O1|1"]
    for basis in (BASIS, "UTC -", None):
        found = await steps(store, "order_line", line, basis)
        assert found["unit_net"] == ("10 × unknown ÷ (1 × 2)", None, None)
        assert found["value"] == ("2 × unknown", None, None)
    assert await steps(store, "territory_grant", world.ids["territory_grant", "G1"]) == {}


@pytest.fixture
async def world(store: Store) -> World:
    """A partner that sells packs of one article. Records that are put again change, so that examples may share it."""
    one = World(store)
    await one.policy()
    await one.region("CN", kind="country")
    await one.partner("A", "CN")
    await one.product("B")
    return one


CENTS = st.decimals("0.01", "99999", places=2)


@given(
    lines=st.lists(
        st.tuples(
            CENTS,
            st.decimals("0.5", "40", places=1),
            st.sampled_from(["1", "6", "12", "144"]),
            st.sampled_from([None, "0.05", "0.06", "0.13", "0.255"]),
            st.decimals("0.0001", "90", places=4),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_formula_gives_the_very_price_that_rules_read(
    store: Store, world: World, lines: list[tuple[Any, ...]]
) -> None:
    for number, (amount, qty, pack, tax, rate) in enumerate(lines):
        await world.product(f"B-{pack}", base="B", pack=pack)
        await world.fx("2026-01-01", f"C{number}", str(rate))
        await world.order(
            f"O{number}", "A", "CN", [(f"B-{pack}", str(qty), str(amount))], currency=f"C{number}", tax=tax
        )  # fmt: skip
    await world.detect()
    for number in range(len(lines)):
        line = world.ids["order_line", f"O{number}|1"]
        found = await steps(store, "order_line", line)
        async with store.connection() as connection:
            read = await connection.fetchrow("SELECT units, unit_net, value FROM trade_line WHERE line_id = $1", line)
        assert Decimal(found["unit_net"][1]) == read["unit_net"] == rounded(computed(found["unit_net"][0]))
        assert Decimal(found["units"][1]) == read["units"] == rounded(computed(found["units"][0]))
        assert Decimal(found["value"][1]) == read["value"] == rounded(computed(found["value"][0]), 2)
        assert Decimal(found["tax"][1]) == rounded(computed(found["tax"][0]))
