"""An argument that is null is as if left out, written so or given by a variable; whatever is selected beside it."""

import pytest

from hub.store.database import Store
from tests.schema.conftest import Ask
from tests.world import a_finding

QUERIES = (
    "($n: Int) {{ orders {{ aggregates {{ groupBy(dimensions: [PARTNER]{first}) {{ count }} }} }} }}",
    "($n: Int) {{ conflicts(last: 1) {{ nodes {{ evidence{alone} {{ __typename }} }} }} }}",
    "($n: Int) {{ conflicts{alone} {{ nodes {{ id }} }} }}",
)
TEXTS = ("title", "summary", "locale", "title summary locale", "__typename")


@pytest.mark.parametrize("query", QUERIES)
async def test_a_size_that_is_null_is_the_usual_size(store: Store, ask: Ask, query: str) -> None:
    await a_finding(store, "f1")
    plain = await ask(query.format(first="", alone="").replace("($n: Int)", ""))
    assert plain["errors"] == []
    variable = "query " + query.format(first=", first: $n", alone="(first: $n)")
    assert await ask(variable) == await ask(variable, n=None) == plain
    assert await ask(query.format(first=", first: null", alone="(first: null)").replace("($n: Int)", "")) == plain


@pytest.mark.parametrize("text", TEXTS)
async def test_a_language_that_is_null_is_the_viewers(store: Store, ask: Ask, text: str) -> None:
    await a_finding(store, "f1")
    plain = await ask(f"{{ conflicts(first: 1) {{ nodes {{ wording {{ {text} }} }} }} }}")
    assert plain["errors"] == []
    assert await ask(f"{{ conflicts(first: 1) {{ nodes {{ wording(locale: null) {{ {text} }} }} }} }}") == plain
    variable = f"query ($l: Locale) {{ conflicts(first: 1) {{ nodes {{ wording(locale: $l) {{ {text} }} }} }} }}"
    assert await ask(variable) == await ask(variable, l=None) == plain


async def test_what_else_may_be_null(ask: Ask) -> None:
    said = "first: 1, after: null, before: null, last: null, filter: null, orderBy: null"
    assert (await ask(f"{{ conflicts({said}) {{ nodes {{ id }} }} orders({said}) {{ nodes {{ id }} }} }}"))["errors"] == []
