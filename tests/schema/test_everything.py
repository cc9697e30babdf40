"""Every field of the schema can be read, by every role, and what comes back is what the schema promises."""

from typing import Any

import orjson
import pytest

from schema.context import Role, Viewer
from schema.root import build_schema
from tests.asking import documents
from tests.furnished import furnish
from tests.promised import as_the_stock_executor_has_it
from tests.rows import Rows


@pytest.mark.parametrize("role", list(Role))
async def test_every_field_of_every_root_is_as_the_schema_promises(rows: Rows, ask: Any, role: Role) -> None:
    found = await furnish(rows)
    viewer = Viewer(role, user_id=1, partner_id=found["west"], region_ids=frozenset({found["south"]}), name="tester")
    for name, document in documents(build_schema()._schema, 2):
        answer = await ask(document, viewer)
        left = [error for error in answer["errors"] if error.get("extensions", {}).get("code") != "FORBIDDEN"]
        assert left == [], name
        promised = as_the_stock_executor_has_it(document, answer["data"])
        assert promised.errors is None, name
        assert orjson.dumps(promised.data) == orjson.dumps(answer["data"]), name
