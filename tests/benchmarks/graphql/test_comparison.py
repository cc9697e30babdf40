"""The comparison with few orders: everybody answers every question and all say the same. What it takes is nobody's matter."""

import os
from pathlib import Path

import pytest

from benchmarks.graphql import node
from benchmarks.graphql.comparison import answering
from benchmarks.graphql.inside import Inside
from benchmarks.graphql.questions import FAR_PAGE, FIRST_PAGE, Q1, Q2, ROLES
from benchmarks.graphql.report import AGAIN, HAND, HUB, STOCK, Measured, told
from benchmarks.graphql.trade import let_in
from benchmarks.measure import WrongAnswer
from hub.store.database import Store, open_store
from hub.store.statements import read_statements

TRADE = read_statements(Path(__file__).with_name("trade.sql"))
ORDERS = 1_200
ASKED = {f"{question}, {peer}" for question in ("q1", "q2") for peer in (HUB, HAND, STOCK, AGAIN)}
ALONE = {"q3", FIRST_PAGE, FAR_PAGE, *ROLES}


@pytest.fixture
async def tokens(store: Store) -> dict[str, str]:
    """A token for each role, over a small trade."""
    async with store.transaction() as connection:
        await connection.execute(TRADE["trade"].sql)
        return await let_in(connection)


async def test_all_say_the_same_and_another_answer_is_a_wrong_one(store: Store, tokens: dict[str, str]) -> None:
    async with answering(store.address, tokens, ORDERS) as sides:
        assert {side.name for side in sides} >= ASKED | ALONE
        role = next(side for side in sides if side.name == "partner")
        assert {order["partner"]["code"] for order in role.orders()} == {"P0"}
        far = next(side for side in sides if side.name == FAR_PAGE)
        assert far.orders()[-1]["number"] == "O1"
        async with store.transaction() as connection:
            await connection.execute("UPDATE sales_order SET channel = 'other' WHERE key = 'O1200'")
        q2 = next(side for side in sides if side.name == f"q2, {HUB}")
        with pytest.raises(WrongAnswer, match="differently"):
            await q2.timed()


async def test_what_says_something_else_is_a_wrong_answer(store: Store, tokens: dict[str, str]) -> None:
    async with answering(store.address, tokens, ORDERS) as sides:
        hub, hand = (next(side for side in sides if side.name == f"q1, {peer}") for peer in (HUB, HAND))
        assert hand.expected is not None
        hand.expected = [hand.expected[0].replace(b"Partner 1", b"Partner 9")]
        with pytest.raises(WrongAnswer, match="Partner 9"):
            hand.agrees(hub.orders())


async def test_a_question_is_one_statement(store: Store, tokens: dict[str, str]) -> None:
    async with open_store(store.address, connections=1) as alone:
        inside = Inside(alone)
        assert [await inside.statements(question) for question in (Q1, Q2)] == [1, 1]


def test_a_report_judges_every_goal_by_its_own_sides() -> None:
    times = {name: [1.0, 1.0] for name in (*ASKED, *ALONE)}
    times |= {"q1, hand SQL": [0.9, 0.9], "q2, hand SQL": [0.7, 0.7], "q1, Strawberry": [30.0, 30.0], "q3": [0.05, 0.05]}
    times |= {FAR_PAGE: [1.2, 1.2], "partner": [1.1, 1.1], "direct_sales": [2.0, 2.0]}
    report = told(ORDERS, Measured(times, {}, {"q1": 1}, "there is no Node.js"))
    assert [(one.goal.name, one.value, one.state) for one in report.verdicts] == [
        ("P1", 0.9, "PASS"), ("P1", 0.7, "FAIL"), ("P3", 30.0, "PASS"), ("P3", 1.0, "FAIL"), ("q3", 50.0, "PASS"),
        ("P12", 1.2, "PASS"), ("P11", 2.0, "FAIL"),
    ]  # fmt: skip
    assert "q1 of direct_sales / of admin" in report.text()
    assert "PostGraphile was not asked: there is no Node.js." in report.text()


def test_without_node_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node.lacking() == "there is no Node.js; put 22 or newer on the PATH"
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v20.1.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    assert node.lacking() == "Node.js is v20.1.0; put 22 or newer on the PATH"
