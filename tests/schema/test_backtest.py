"""Backtests over the API: asked for here, answered by a worker, read again."""

from pathlib import Path
from typing import Any

from hub.store.database import Store
from jobs.backtest import RuleReport, answer_waiting, compare
from schema.root import build_schema
from tests.trading import NOON, World, example_world
from tests.web import Client, Deferred, token, web

RULE = "cross_region_sale"
RUN = """mutation ($i: RunBacktestInput!) { runBacktest(input: $i) {
    backtest { id state rules } userErrors { code path message } } }"""
READ = """query ($id: ID!) { node(id: $id) { ... on Backtest {
    state error name addedCount removedCount changedCount alertsPerWeek presentVersion draftVersion ground
    baseline { number } watermarks { source stream readTo }
    byRule { ruleId added removed changedClass present { findings moneyAtStake { amount currency } precision }
             draft { findings fullClass unknownValue moneyAtStake { amount currency } } }
    load { manager draftCasesPerWeek }
    differences(first: 10) { totalCount nodes { findingKey ruleId partner { code } change classBefore classAfter scoreBefore
                                                severityBefore } } } } }"""
DRAFT = {
    "name": "territory_grants.csv",
    "text": "grant_id,partner,region,product_group,exclusivity,valid_from,deleted\nG1,,,,,,true\n",
}


def asked(**more: Any) -> dict[str, Any]:
    return {
        "files": [DRAFT], "fromDay": "2026-03-01", "toDay": "2026-03-28", "at": NOON.isoformat(), "idempotencyKey": "k",
    } | more  # fmt: skip


async def run(client: Client, **more: Any) -> Any:
    return (await client.data(RUN, variables={"i": asked(**more)}))["runBacktest"]


async def selling(store: Store) -> World:
    world = await example_world(store)
    await world.order("O2", "SH-A", "CN-SH", [("P1", "100", "9000")])
    await world.order("O1", "GD-B", "CN-SH", [("P1", "40", "2800")], invoice="INV1")
    await world.detect()
    return world


async def test_a_backtest_is_asked_for_answered_and_read(store: Store) -> None:
    await selling(store)
    jobs = Deferred()
    async with web(store, build_schema(), jobs=jobs) as client:
        payload = await run(client, rules=[RULE], name="without G1")
        assert payload["userErrors"] == []
        assert (payload["backtest"]["state"], payload["backtest"]["rules"]) == ("QUEUED", [RULE])
        assert await run(client, rules=[RULE], name="without G1") == payload
        assert jobs.told == ["backtest"]
        assert await answer_waiting(store) == 1
        assert await answer_waiting(store) == 0
        found = (await client.data(READ, variables={"id": payload["backtest"]["id"]}))["node"]
        assert (found["state"], found["error"], found["addedCount"], found["removedCount"]) == ("DONE", None, 1, 1)
        assert (found["presentVersion"], found["draftVersion"], len(found["ground"])) == (1, None, 64)
        assert found["baseline"] == {"number": 1}
        async with store.connection() as connection:
            read = await connection.fetch(
                'SELECT source.name AS source, stream.name AS stream, hub_instant(stream.watermark) AS "readTo" FROM stream '
                "JOIN source ON source.id = stream.source_id WHERE stream.watermark IS NOT NULL ORDER BY 1, 2"
            )
        assert found["watermarks"] == [dict(row) for row in read]
        (rule,) = found["byRule"]
        assert (rule["present"]["findings"], rule["draft"]["findings"], rule["draft"]["fullClass"]) == (1, 1, 0)
        assert rule["draft"]["moneyAtStake"] == rule["present"]["moneyAtStake"] == [{"amount": "2800", "currency": "CNY"}]
        assert found["load"] == [{"manager": "-", "draftCasesPerWeek": 0}]
        changes = {one["change"]: one for one in found["differences"]["nodes"]}
        assert changes["REMOVED"]["partner"] == {"code": "GD-B"}
        assert (changes["REMOVED"]["classBefore"], changes["REMOVED"]["classAfter"]) == ("suspected", None)
        listed = await client.data("{ backtests { totalCount nodes { name } } }")
        assert listed["backtests"] == {"totalCount": 1, "nodes": [{"name": "without G1"}]}


async def test_a_draft_that_cannot_be_tried_ends_in_a_sentence(store: Store, tmp_path: Path) -> None:
    await selling(store)
    async with web(store, build_schema()) as client:
        for change, where in (
            ({"files": []}, "files"),
            ({"files": [{"name": "../../etc/policy.toml", "text": ""}]}, "files"),
            ({"files": [DRAFT, DRAFT]}, "files"),
            ({"toDay": "2026-02-01"}, "toDay"),
            ({"rules": ["nothing"]}, "rules"),
            ({"name": "x" * 101}, "name"),
        ):
            (error,) = (await run(client, **change))["userErrors"]
            assert error["path"] == ["input", where], change
        payload = await run(client, files=[{"name": "policy.toml", "text": "version = 2"}])
        assert await answer_waiting(store) == 1
        found = (await client.data(READ, variables={"id": payload["backtest"]["id"]}))["node"]
        assert found["state"] == "FAILED"
        assert "A value is required" in found["error"]
        assert found["byRule"] == found["load"] == []


COMPARE = """query ($one: ID!, $other: ID!) { backtestComparison(one: $one, other: $other) { sameGround
    one { name } other { name }
    byRule { ruleId one { draft { findings fullClass } added } other { draft { findings fullClass } removed } }
    differences(first: 10) { totalCount nodes { findingKey ruleId partner { code } eventDay classOne scoreOne classOther
                                                scoreOther } pageInfo { hasNextPage } } } }"""


async def tried(store: Store, client: Client, name: str, **more: Any) -> str:
    """Have a draft answered and return the id of its backtest."""
    payload = await run(client, name=name, idempotencyKey=name, **more)
    assert await answer_waiting(store) == 1
    return str(payload["backtest"]["id"])


async def compared(client: Client, one: str, other: str, **more: Any) -> Any:
    return (await client.data(COMPARE, variables={"one": one, "other": other}, **more))["backtestComparison"]


async def test_two_answers_are_compared_as_at_the_command_line(store: Store) -> None:
    world = await selling(store)
    gone = "grant_id,partner,region,product_group,exclusivity,valid_from,deleted\nG2,,,,,,true\n"
    both = [{"name": "territory_grants.csv", "text": DRAFT["text"] + "G2,,,,,,true\n"}]
    async with web(store, build_schema()) as client:
        one = await tried(store, client, "without G1", rules=[RULE])
        other = await tried(store, client, "without G2", rules=[RULE], files=[{"name": DRAFT["name"], "text": gone}])
        neither = await tried(store, client, "without either", rules=[RULE, "territory_overlap"], files=both)
        for first, second, names in (
            (one, other, ("without G1", "without G2")),
            (other, one, ("without G2", "without G1")),
            (one, neither, ("without G1", "without either")),
            (one, one, ("without G1", "without G1")),
        ):
            answer, line = await compared(client, first, second), await compare(store, *names)
            assert (answer["one"], answer["other"]) == ({"name": names[0]}, {"name": names[1]})
            assert answer["sameGround"] == line.same_ground
            assert [
                (said["findingKey"], said["classOne"], said["scoreOne"], said["classOther"], said["scoreOther"])
                for said in answer["differences"]["nodes"]
            ] == [
                (
                    said["finding_key"],
                    said["class_one"],
                    points(said["score_one"]),
                    said["class_other"],
                    points(said["score_other"]),
                )
                for said in line.differences
            ], names
            assert answer["differences"]["totalCount"] == len(line.differences)
            assert {said["ruleId"]: said for said in answer["byRule"]} == {
                name: {
                    "ruleId": name,
                    "one": reports[0] and {"draft": outlook(reports[0]), "added": reports[0].added},
                    "other": reports[1] and {"draft": outlook(reports[1]), "removed": reports[1].removed},
                }
                for name, reports in line.rules.items()
            }
        assert len((await compare(store, "without G1", "without G2")).differences) == 2
        await world.order("O9", "GD-B", "CN-SH", [("P1", "30", "2100")], invoice="INV2")
        later = await tried(store, client, "later", rules=[RULE])
        assert not (await compared(client, one, later))["sameGround"]
        queued = (await run(client, name="queued", idempotencyKey="queued"))["backtest"]["id"]
        assert await compared(client, one, queued) is None
        assert await compared(client, queued, one) is None
        assert await compared(client, one, other, token=await token(store, "channel_manager")) is None


def points(score: Any) -> float | None:
    return None if score is None else float(score)


def outlook(report: RuleReport) -> dict[str, int]:
    return {"findings": report.draft.findings, "fullClass": report.draft.full_class}


async def test_backtests_are_for_those_who_see_all_partners(store: Store) -> None:
    async with web(store, build_schema()) as client:
        manager = await token(store, "channel_manager")
        assert await client.code(RUN, token=manager, variables={"i": asked()}) == "FORBIDDEN"
        assert (await client.data("{ backtests { totalCount } }", token=manager))["backtests"]["totalCount"] == 0
