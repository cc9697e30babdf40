"""Pages and cursors."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rows import T0, Rows

FORWARD = """
query ($size: Int, $after: Cursor, $before: Cursor, $by: [SyncRunSort!]) {
  syncRuns(first: $size, after: $after, before: $before, orderBy: $by) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
"""
BACKWARD = FORWARD.replace("first", "last")


async def walk(ask: Any, size: int, by: list[dict[str, str]], *, back: bool) -> list[str]:
    """Return the ids of a whole list, page by page."""
    found: list[str] = []
    cursor = None
    for _ in range(50):
        answer = await ask(BACKWARD if back else FORWARD, size=size, by=by, **{"before" if back else "after": cursor})
        assert answer["errors"] == []
        page = answer["data"]["syncRuns"]
        ids = [edge["node"]["id"] for edge in page["edges"]]
        found = ids + found if back else found + ids
        info = page["pageInfo"]
        assert info["hasPreviousPage" if not back else "hasNextPage"] is (cursor is not None)
        assert [info["startCursor"], info["endCursor"]] == [page["edges"][0]["cursor"], page["edges"][-1]["cursor"]]
        if not info["hasPreviousPage" if back else "hasNextPage"]:
            return found
        cursor = info["startCursor" if back else "endCursor"]
    raise AssertionError("the pages do not end")


runs = st.lists(
    st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2)), min_size=1, max_size=9
)  # requested and finished, in hours: many ties, some without an end
keys = st.lists(
    st.fixed_dictionaries(
        {
            "field": st.sampled_from(["REQUESTED_AT", "FINISHED_AT"]),
            "direction": st.sampled_from(["ASC", "DESC"]),
            "nulls": st.sampled_from(["FIRST", "LAST"]),
        }
    ),
    max_size=3,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=runs, by=keys, size=st.integers(1, 4))
async def test_pages_hold_every_row_once_in_one_order_both_ways(
    rows: Rows, ask: Any, runs: list[tuple[int, int | None]], by: list[dict[str, str]], size: int
) -> None:
    async with rows.store.connection() as connection:
        await connection.execute("DELETE FROM sync_run")
        await connection.executemany(
            "INSERT INTO sync_run (source_id, stream_id, slot, requested_at, finished_at) VALUES ($1, $2, $3, $4, $5)",
            [
                (
                    rows.source_id,
                    rows.stream_id,
                    T0 + timedelta(minutes=place),
                    T0 + timedelta(hours=requested),
                    None if finished is None else T0 + timedelta(hours=finished),
                )
                for place, (requested, finished) in enumerate(runs)
            ],
        )
        ordering = ", ".join(
            [*(f"{one['field'].lower()} {one['direction']} NULLS {one['nulls']}" for one in by)] or ["requested_at DESC"]
        )
        down = (by[0]["direction"] if by else "DESC") == "DESC"
        wanted = await connection.fetch(
            "SELECT hub_global_id('SyncRun', id) AS id FROM sync_run "
            f"ORDER BY {ordering}, sync_run.id {'DESC' if down else 'ASC'}"
        )
    assert await walk(ask, size, by, back=False) == [row["id"] for row in wanted]
    assert await walk(ask, size, by, back=True) == [row["id"] for row in wanted]


async def test_a_cursor_that_was_changed_or_is_of_another_list_is_refused(rows: Rows, ask: Any) -> None:
    await rows.sync_run()
    answer = await ask("{ syncRuns { pageInfo { endCursor } } }")
    cursor = answer["data"]["syncRuns"]["pageInfo"]["endCursor"]
    good = "query ($after: Cursor) { syncRuns(after: $after) { nodes { id } } }"
    assert (await ask(good, after=cursor))["errors"] == []
    changed = ("A" if cursor[5] != "A" else "B").join([cursor[:5], cursor[6:]])
    other_order = "query ($after: Cursor) { syncRuns(after: $after, orderBy: [{field: FINISHED_AT}]) { nodes { id } } }"
    other_filter = "query ($after: Cursor) { syncRuns(after: $after, filter: {state: {eq: FAILED}}) { nodes { id } } }"
    other_list = "query ($after: Cursor) { orders(after: $after) { nodes { id } } }"
    for document, after in [
        (good, changed),
        (good, "x"),
        (good, "é"),
        (other_order, cursor),
        (other_filter, cursor),
        (other_list, cursor),
    ]:
        answer = await ask(document, after=after)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["CURSOR_EXPIRED"]


@pytest.mark.parametrize(
    "arguments",
    [
        "first: 0",
        "first: 101",
        "last: -1",
        "first: 1, last: 1",
        "orderBy: [{field: NUMBER}, {field: TOTAL}, {field: PLACED_AT}, {field: NUMBER}]",
    ],
)
async def test_a_page_that_cannot_be_is_refused(rows: Rows, ask: Any, arguments: str) -> None:
    answer = await ask(f"{{ orders({arguments}) {{ totalCount }} }}")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_nested_list_must_be_told_how_many(rows: Rows, ask: Any) -> None:
    answer = await ask("{ orders { nodes { lines { nodes { id } } } } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_root_list_gives_twenty_by_itself(rows: Rows, ask: Any) -> None:
    for number in range(22):
        await rows.region(f"R{number:02}")
    answer = await ask("{ regions { nodes { code } pageInfo { hasNextPage } totalCount countIsExact } }")
    page = answer["data"]["regions"]
    assert len(page["nodes"]) == 20
    assert page["pageInfo"] == {"hasNextPage": True}
    assert (page["totalCount"], page["countIsExact"]) == (22, True)


async def test_g07_a_count_ends_at_ten_thousand_and_says_so(rows: Rows, ask: Any) -> None:
    async with rows.store.connection() as connection:
        await connection.execute(
            "INSERT INTO region (code, name, source_id) SELECT 'R' || n, 'R', $1 FROM generate_series(1, 10001) AS n",
            rows.source_id,
        )
    answer = await ask("{ regions { totalCount countIsExact } }")
    assert answer["data"]["regions"] == {"totalCount": 10000, "countIsExact": False}
