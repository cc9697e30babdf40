"""What an operator sees of cases and rules."""

import json
from typing import TYPE_CHECKING

from hub.store.database import Store
from tests import casework

if TYPE_CHECKING:
    from tests.jobs.cli.conftest import Run


async def test_cases_are_listed_and_shown(hub: "Run", store: Store) -> None:
    async with store.transaction() as connection:
        made = await casework.case(connection, accused=await casework.partner(connection, "GD-B"))
        closed = await casework.case(connection)
        await connection.execute("UPDATE conflict_case SET number = 1000 + id % 2, state = 'detected'")
        await connection.execute("UPDATE conflict_case SET number = 7 WHERE id = $1", made)
        await connection.execute("UPDATE conflict_case SET number = 8, state = 'closed' WHERE id = $1", closed)
        await connection.execute("INSERT INTO case_step (case_id, comment) VALUES ($1, 'Looked at.')", made)
    (row,) = json.loads(hub("cases", "list", "--json").stdout)
    assert (row["number"], row["state"], row["partner"]) == (7, "detected", "GD-B")
    assert [row["number"] for row in json.loads(hub("cases", "list", "--state", "closed", "--json").stdout)] == [8]
    assert json.loads(hub("cases", "list", "--assignee", "nobody@example.com", "--json").stdout) == []
    assert "GD-B" in hub("cases", "list").stdout
    shown = json.loads(hub("cases", "show", "7", "--json").stdout)
    assert [step["comment"] for step in shown["steps"]] == ["Looked at."]
    assert "the hub  commented: Looked at." in hub("cases", "show", "7").stdout
    absent = hub("cases", "show", "9")
    assert (absent.returncode, absent.stderr.strip()) == (
        2, "There is no case 9; `channelhub cases list` shows those there are.",
    )  # fmt: skip
    assert hub("cases", "list", "--state", "nowhere").returncode == 2


def test_rules_are_listed_with_their_thresholds(hub: "Run") -> None:
    rules = {rule["rule"]: rule for rule in json.loads(hub("rules", "--json").stdout)}
    assert (rules["cross_region_sale"]["thresholds"]["border_units"], rules["cross_region_sale"]["precision"]) == ("12", None)
    assert "cross_region_sale  nothing closed yet" in hub("rules").stdout
