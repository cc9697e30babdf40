"""Compiled answers are those of the stock executor over a plain reading of the same rows, for every role."""

import base64
import json
from typing import Any

import orjson
import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from hub import clock
from hub.store.database import Store
from schema.context import Viewer
from schema.paging import cursor_key
from schema.root import build_schema
from tests.reading.answer import Reading
from tests.reading.document import DOCUMENTS, ends, fitted, turned
from tests.reading.sight import TABLES, Sight, read_tables
from tests.reading.stock import answered
from tests.reading.world import VIEWERS, WORLDS, Builder, viewer
from tests.schema.conftest import Ask

LOOKED_FOR = {kind: table for kind, table in TABLES.items() if kind not in ("Actor", "ExternalRef")}


async def compare(ask: Ask, store: Store, who: Viewer, tables: Any, document: str) -> None:
    """Fail unless both answer alike, to the byte."""
    compiled = await ask(document, who)
    plain, refused = answered(Reading(Sight(tables, who, await cursor_key(store)), clock.now()), document)
    errors = [(one["extensions"]["code"], one["extensions"].get("field")) for one in compiled["errors"]]
    event(f"{len(orjson.dumps(plain)) // 1000 * 1000} bytes")
    event(" ".join(sorted({code for code, _ in errors})) or "answered")
    assert sorted(errors, key=str) == refused, document
    assert opened(compiled["data"]) == opened(plain), document
    assert orjson.dumps(opened(compiled["data"])) == orjson.dumps(opened(plain)), document


def opened(value: Any) -> Any:
    """Return an answer with what its cursors hold in their place; a number of JSON is the same with and without a point."""
    if isinstance(value, dict):
        return {key: opened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [opened(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return held(value) if isinstance(value, str) and len(value) > 40 else value


def held(text: str) -> str:
    """Return what a text holds that is a cursor; any other as it is."""
    try:
        body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-8].decode()
    except ValueError:
        return text
    return json.dumps(json.loads(body)[3:]) if body.startswith("[1,") else text


async def read(ask: Ask, store: Store, world: Any, who: str, drawn: str, size: int, luck: Any, *, back: bool) -> None:
    """Lay a world, fit a document to it and compare the answers, of the next page too."""
    ids = await Builder(store, world).lay()
    tables = await read_tables(store)
    numbers = {kind: [row["id"] for row in tables[table]] for kind, table in LOOKED_FOR.items()}
    document = fitted(drawn, numbers | {"Actor": [ids["user"]]}, size, luck, back=back)
    if validate(build_schema()._schema, parse(document)):
        event("does not fit the schema")
        return
    looker = viewer(who, ids)
    await compare(ask, store, looker, tables, document)
    asked = ends(document, back=back)
    if asked:
        found = (await ask(asked, looker))["data"]
        cursors = {key: page and next(iter(page["pageInfo"].values())) for key, page in found.items()}
        if any(cursors.values()):
            event("next page")
            await compare(ask, store, looker, tables, turned(document, cursors, back=back))


DRAWN = {
    "world": WORLDS, "who": st.sampled_from(VIEWERS), "document": DOCUMENTS, "size": st.integers(1, 5), "back": st.booleans(),
    "luck": st.randoms(),
}  # fmt: skip
QUIET = list(HealthCheck)


@settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
@given(**DRAWN)
async def test_compiled_answers_are_those_of_a_plain_reading(
    store: Store, ask: Ask, world: Any, who: str, document: str, size: int, back: bool, luck: Any
) -> None:
    await read(ask, store, world, who, document, size, luck, back=back)


@pytest.mark.soak
@settings(max_examples=1000, deadline=None, suppress_health_check=QUIET)
@given(**DRAWN)
async def test_compiled_answers_are_those_of_a_plain_reading_whatever_is_drawn(
    store: Store, ask: Ask, world: Any, who: str, document: str, size: int, back: bool, luck: Any
) -> None:
    await read(ask, store, world, who, document, size, luck, back=back)
