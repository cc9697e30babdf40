"""The statements of detection, and how one is run: each takes by name what it asks for."""

from collections.abc import Mapping
from pathlib import Path

from hub.store.database import Connection
from hub.store.statements import Statement, read_statements

FOLDER = Path(__file__).parent


async def run(connection: Connection, one: Statement, values: Mapping[str, object]) -> None:
    """Run a statement for what it does."""
    await connection.execute(one.sql, *one.arguments(values))


def premises() -> dict[str, Statement]:
    """Return what rules share: each lays out one subject for the rule at work."""
    found: dict[str, Statement] = {}
    for file in sorted((FOLDER / "premises").glob("*.sql")):
        found.update(read_statements(file))
    return found
