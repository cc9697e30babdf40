"""The gate of the schema: what a client of the last release relies on stays, unless somebody agreed to the break."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from graphql import GraphQLSchema, build_schema
from graphql.utilities import find_breaking_changes

from schema.root import sdl

HERE = Path(__file__).parent
COMMITTED = HERE / "schema.graphql"
RELEASED = HERE / "released.graphql"
APPROVED = HERE / "approved_breaks.toml"


def complaints() -> list[str]:
    """Return what is wrong with the schema as it is, a sentence each."""
    printed, approved = sdl(), tomllib.loads(APPROVED.read_text(encoding="utf-8"))
    stale = [] if COMMITTED.read_text(encoding="utf-8") == printed else [f"{COMMITTED.name} is old; print it again."]
    return stale + unapproved(build_schema(RELEASED.read_text(encoding="utf-8")), build_schema(printed), approved)


def unapproved(released: GraphQLSchema, present: GraphQLSchema, approved: Mapping[str, str]) -> list[str]:
    """Return the breaks between two schemas that nobody gave a reason for, and the approvals that approve of nothing."""
    breaks = [change.description for change in find_breaking_changes(released, present)]
    unreasoned = [f"Breaks clients: {one}" for one in breaks if not approved.get(one, "").strip()]
    return unreasoned + [f"Approved, but no break: {one}" for one in approved if one not in breaks]
