"""What breaks a client of the last release is named, unless somebody agreed to it."""

import re
import subprocess
import sys

import pytest
from graphql import build_schema

from schema import breaks

RELEASED = """
type Query { order(id: ID!): Order  orders(filter: OrderFilter): [Order!] }
type Order { id: ID!  note: String @deprecated(reason: "use remark")  total: String! }
input OrderFilter { state: State }
enum State { OPEN CLOSED }
"""
BREAKS = {
    "note: String @deprecated(reason: \"use remark\")": ("", "Field Order.note was removed."),
    "total: String!": ("total: String", "Field Order.total changed type from String! to String."),
    "orders(filter: OrderFilter)": (
        "orders(filter: OrderFilter, partner: ID!)",
        "A required argument Query.orders(partner:) was added.",
    ),
    "state: State }": ("state: State source: ID! }", "A required field OrderFilter.source was added."),
    "OPEN CLOSED": ("OPEN", "Enum value State.CLOSED was removed."),
}  # fmt: skip


@pytest.mark.parametrize("was", BREAKS)
def test_a_break_is_named_until_it_is_approved_with_a_reason(was: str) -> None:
    becomes, named = BREAKS[was]
    released, present = build_schema(RELEASED), build_schema(RELEASED.replace(was, becomes))
    assert breaks.unapproved(released, present, {}) == [f"Breaks clients: {named}"]
    assert breaks.unapproved(released, present, {named: " "}) == [f"Breaks clients: {named}"]
    assert breaks.unapproved(released, present, {named: "nobody asked for it since 1.2"}) == []


def test_what_is_added_breaks_nobody() -> None:
    more = RELEASED.replace("total: String!", "total: String!  currency: String").replace("CLOSED", "CLOSED PARTLY")
    assert breaks.unapproved(build_schema(RELEASED), build_schema(more), {}) == []


def test_an_approval_of_nothing_is_named() -> None:
    same = build_schema(RELEASED)
    assert breaks.unapproved(same, same, {"Field Order.note was removed.": "done"}) == [
        "Approved, but no break: Field Order.note was removed."
    ]


def test_the_check_ends_well_for_the_schema_as_it_is() -> None:
    done = subprocess.run([sys.executable, "-m", "schema", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_types_are_sorted_by_name() -> None:
    text = breaks.COMMITTED.read_text(encoding="utf-8")
    names = re.findall(r"^(?:type|interface|union|enum|input|scalar) (\w+)", text, re.MULTILINE)
    assert names == sorted(names)
    assert len(names) > 100
