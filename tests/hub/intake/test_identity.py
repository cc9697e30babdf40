"""Names that are alike are put before a person; nothing is merged, and what tells nothing apart is left out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.intake.identity import ALIKE, MOST_ALIKE, alike, suggest
from hub.normalise.name import alias_key, company_key
from hub.store.database import Store
from tests.feeding import source
from tests.samples import partner

EVER = datetime(2020, 1, 1, tzinfo=UTC)


async def candidates(store: Store) -> list[tuple[Any, ...]]:
    async with store.connection() as connection:
        rows = await connection.fetch(
            "SELECT least(a.code, b.code), greatest(a.code, b.code), c.state FROM identity_candidate AS c"
            " JOIN partner AS a ON a.id = c.left_id JOIN partner AS b ON b.id = c.right_id ORDER BY 1, 2"
        )
    return [tuple(row) for row in rows]


async def test_alike_names_of_two_sources_wait_for_a_person(store: Store) -> None:
    brand, erp = await source(store, "brand", masters=True), await source(store, "erp")
    await brand.send(partner("A", name="Great Basin Trading Ltd"), partner("B", name="上海华茂贸易有限公司"))
    await erp.send(
        partner("1", name="Great Basin  Tradin, Inc."),
        partner("2", name="上海华茂贸易公司"),
        partner("3", name="Somebody Else"),
    )
    assert await suggest(store, erp.source_id, EVER) == 2
    assert await candidates(store) == [("A", "erp:1", "open"), ("B", "erp:2", "open")]
    assert await suggest(store, erp.source_id, EVER) == 0


async def test_names_numbered_through_tell_nothing_apart(store: Store) -> None:
    brand, erp = await source(store, "brand", masters=True), await source(store, "erp")
    await brand.send(*(partner(f"A{n}", name=f"Shop {n:05}") for n in range(MOST_ALIKE + 1)))
    await erp.send(*(partner(f"B{n}", name=f"Shop {n:05}x") for n in range(50)))
    assert await suggest(store, erp.source_id, EVER) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Shop A ", "shopa"),
        ("ＳＨＯＰ　A", "shopA"),
    ],
)
def test_aliases_are_compared_without_width_case_and_space(one: str, other: str) -> None:
    assert alias_key(one) == alias_key(other)


def test_one_legal_form_is_no_part_of_a_name() -> None:
    assert company_key("Acme Trading Co., Ltd.") == "acmetradingco"
    assert company_key("上海甲商贸股份有限公司") == "上海甲商贸"
    assert company_key("Inc") == "inc"


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.integers(1, 20), st.text(max_size=12)), st.dictionaries(st.integers(21, 40), st.text(max_size=12)))
def test_every_suggestion_is_alike_enough(ones: dict[int, str], others: dict[int, str]) -> None:
    from rapidfuzz import fuzz

    for one, other, score in alike(ones, others):
        assert score >= ALIKE
        assert fuzz.ratio(ones[one], others[other]) == score
