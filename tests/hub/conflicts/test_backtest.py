"""Whatever the trade and whatever people decided: the live policy finds the live findings, a draft those it would lead to."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict as fields

from hub.conflicts.backtest import Answer, Draft, Question, asked_rules, backtest
from hub.records import PolicyVersion
from hub.store.database import Connection, Store, open_store
from tests.trading import World, example_world

NewDatabase = Callable[[], Awaitable[str]]
AT = datetime(2026, 4, 10, tzinfo=UTC)
PERIOD = (date(2026, 2, 1), date(2026, 3, 20))
PLACES = ("CN-SH", "CN-JS", "CN-JS-SZ", "CN-GD", "CN-BJ")
SELLERS = ("SH-A", "GD-B", "JS-C")
CONTENT = """
    SELECT finding_key, classification, mode, score, uncapped_score, evidence, filters_tried FROM conflict
     WHERE state <> 'resolved_by_data' AND NOT evidence_changed AND event_day BETWEEN $1 AND $2 ORDER BY finding_key
"""

Order = tuple[str, str, str, int, str, str]
orders = st.lists(
    st.tuples(
        st.sampled_from(SELLERS), st.sampled_from(PLACES), st.sampled_from(("P1", "P1-12", "P2")), st.integers(1, 40),
        st.sampled_from(("2026-01-20", "2026-02-10", "2026-03-05", "2026-03-30")), st.sampled_from(("active", "passive")),
    ),
    min_size=3, max_size=12,
)  # fmt: skip
bodies = st.fixed_dictionaries(
    {},
    optional={
        "thresholds": st.fixed_dictionaries(
            {
                "cross_region_sale": st.fixed_dictionaries(
                    {
                        "border_units": st.integers(0, 30),
                        "min_units": st.integers(0, 60),
                        "min_share": st.sampled_from((0.01, 0.9)),
                    }
                )
            }
        ),
        "distribution": st.just({"Y": "open"}),
        "severity": st.fixed_dictionaries({"weights": st.fixed_dictionaries({"evidence": st.integers(0, 60)})}),
        "jurisdiction": st.sampled_from(({"regions": {"CN": "EEA"}}, {"regions": {"CN": "US"}}, {"regions": {}})),
    },
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    trade=orders, later=orders, decided=st.lists(st.sampled_from(("dismissed", "confirmed", "open")), max_size=6), body=bodies
)
async def test_backtests_end_where_detection_ends(
    new_database: NewDatabase, trade: list[Order], later: list[Order], decided: Sequence[str], body: dict[str, Any]
) -> None:
    async with open_store(await new_database(), connections=3) as store:
        world = await example_world(store)
        await sell(world, trade)
        await world.detect(AT)
        await decide(world, decided)
        # Half the trade again, some of it otherwise: findings go, and with them the ground of some decisions.
        await sell(world, later[: len(trade) // 2 + 1])
        live = PolicyVersion(
            version=1, effective_from=date(2026, 1, 1), base_currency="CNY", timezone="Asia/Shanghai", body=LIVE
        )
        # What waits is judged by the backtest too, so that it may come first.
        waiting = await tried(store, live)
        await world.detect(AT)
        assert waiting.differences == []
        settled = await tried(store, live)
        assert settled.differences == []
        assert settled.ground == waiting.ground
        before = await findings(world)
        assert sum(row["findings"] for row in settled.counted if row["side"] == "present") == len(before)
        answer = await tried(store, PolicyVersion(**{**fields(live), "version": 2, "body": LIVE | body}))
        assert await findings(world) == before
        await world.policy(2, **(LIVE | body))
        await world.detect(AT)
        after = await findings(world)
        assert sum(row["findings"] for row in answer.counted if row["side"] == "draft") == len(after)
        changed = {one["finding_key"]: (one["class_after"], one["score_after"]) for one in answer.differences}
        assert {key: (row["classification"], row["score"]) for key, row in after.items()} == {
            key: end
            for key in before.keys() | changed.keys()
            if (end := changed.get(key) or (before[key]["classification"], before[key]["score"]))[0] is not None
        }


LIVE: dict[str, Any] = {"jurisdiction": {"regions": {"CN": "CN", "EU": "EEA", "US": "US"}}}


async def sell(world: World, trade: Sequence[Order]) -> None:
    """Write orders, the same numbers again as corrections."""
    for number, (seller, to, sku, qty, day, initiated) in enumerate(trade):
        await world.order(f"O{number}", seller, to, [(sku, str(qty), str(qty * 70))], day=day, initiated=initiated)


async def decide(world: World, decided: Sequence[str]) -> None:
    """Let people decide on the first findings."""
    keys = [row["finding_key"] for row in await world.rows("SELECT finding_key FROM conflict ORDER BY finding_key")]
    for key, state in zip(keys, decided, strict=False):
        await world.run("UPDATE conflict SET state = $1 WHERE finding_key = $2", state, key)


async def findings(world: World) -> dict[str, dict[str, Any]]:
    """Return what stands in the period, by key."""
    return {row["finding_key"]: row for row in await world.rows(CONTENT, *PERIOD)}


async def tried(store: Store, policy: PolicyVersion) -> Answer:
    """Try a policy on the period."""
    question = Question(from_day=PERIOD[0], to_day=PERIOD[1], at=AT, rules=asked_rules(()))
    draft = Draft(records={"policy_version": [policy]}, removed={})
    return await backtest(store, draft, question, "tried", alerting=nobody)


async def nobody(_: Connection) -> Sequence[int]:
    return ()
