"""How often people agreed with a rule, and what their reasons speak for."""

from decimal import Decimal

from hub.cases.precision import Measured, measure
from hub.conflicts.policy import read_policies
from hub.store.database import Store
from tests import casework
from tests.hub.cases.conftest import START

RULE = "cross_region_sale"


async def closed(store: Store, outcome: str, units: str, reason: str | None = None, *, days: int = 1) -> None:
    """Close a case whose finding counted so many units."""
    async with store.transaction() as connection:
        case = await casework.case(connection)
        finding = await casework.finding(connection, case, "O1")
        await connection.execute("UPDATE conflict SET evidence = $1 WHERE id = $2", {"group_units": units}, finding)
        await connection.execute(
            "UPDATE conflict_case SET state = 'closed', outcome = $1, dismissal_reason = $2, "
            "closed_at = $3::timestamptz - make_interval(days => $4) WHERE id = $5",
            outcome, reason, START, days, case,
        )  # fmt: skip


async def measured(store: Store, rule: str = RULE) -> Measured:
    async with store.connection() as connection:
        found = await measure(connection, await read_policies(connection, START), START)
    return next(one for one in found if one.rule == rule)


async def test_nothing_closed_is_no_precision(store: Store) -> None:
    one = await measured(store)
    assert (one.confirmed, one.dismissed, one.precision, one.suggestions) == (0, 0, None, ())
    assert one.thresholds["border_units"] == 12


async def test_precision_is_what_was_confirmed_of_what_was_closed(store: Store) -> None:
    for outcome, reason in (
        ("confirmed", None),
        ("confirmed", None),
        ("dismissed", "border"),
        ("withdrawn", None),
        ("expired", None),
    ):
        await closed(store, outcome, "40", reason)
    await closed(store, "dismissed", "40", "tax", days=366)
    one = await measured(store)
    assert (one.confirmed, one.dismissed, one.precision) == (2, 1, Decimal("0.666667"))
    assert one.dismissals == {"border": 1}


async def test_a_border_that_people_wave_through_is_suggested(store: Store) -> None:
    for units in ("15", "18", "24"):
        await closed(store, "dismissed", units, "border")
    await closed(store, "dismissed", "90", "promotion")
    for units in ("25", "60"):
        await closed(store, "confirmed", units)
    (raised,) = (await measured(store)).suggestions
    assert (raised.threshold, raised.present, raised.suggested) == ("border_units", Decimal(12), Decimal(24))
    assert (raised.left_out, raised.kept) == (3, 2)
    assert raised.explanation == (
        "Raising border_units from 12 to 24 would have left out 3 cases dismissed as border and kept all 2 confirmed ones."
    )


async def test_what_was_confirmed_bounds_a_suggestion(store: Store) -> None:
    for units in ("15", "40"):
        await closed(store, "dismissed", units, "border")
    await closed(store, "confirmed", "30")
    (raised,) = (await measured(store)).suggestions
    assert (raised.suggested, raised.left_out, raised.kept) == (Decimal(15), 1, 1)


async def test_nothing_is_suggested_for_a_reason_that_is_rare_or_a_value_that_holds_already(store: Store) -> None:
    await closed(store, "dismissed", "15", "border")
    await closed(store, "dismissed", "15", "tax")
    assert (await measured(store)).suggestions == ()
    await closed(store, "dismissed", "10", "border")
    await closed(store, "dismissed", "11", "border")
    await closed(store, "confirmed", "12")
    assert (await measured(store)).suggestions == ()
