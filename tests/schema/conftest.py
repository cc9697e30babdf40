"""A small hub to ask, and the way to ask it."""

from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from graphql import parse, validate

from hub.settings import Settings
from hub.store.database import Store
from schema.context import RequestContext, Role, Viewer
from schema.root import build_schema
from tests.rows import Rows

ADMIN = Viewer(Role.ADMIN)


class Ask(Protocol):
    async def __call__(
        self, document: str, viewer: Viewer = ..., /, *, context: RequestContext | None = ..., **variables: Any
    ) -> dict[str, Any]: ...


@pytest.fixture
async def rows(store: Store) -> Rows:
    """The builders of one empty hub."""
    return await Rows(store).begin()


@pytest.fixture
def ask(store: Store) -> Ask:
    """Ask one operation and return `data` and `errors` as a client would read them."""

    async def ask(
        document: str, viewer: Viewer = ADMIN, /, *, context: RequestContext | None = None, **variables: Any
    ) -> dict[str, Any]:
        schema = build_schema()
        assert validate(schema._schema, parse(document)) == []
        context = context or RequestContext(viewer, store, Settings(home=Path("unused")))
        result = await schema.execute(document, variable_values=variables, context_value=context)
        errors = [error.formatted for error in result.errors or ()]
        answer: dict[str, Any] = orjson.loads(orjson.dumps({"data": result.data, "errors": errors}))
        return answer

    return ask
