"""What is asked. Whoever has the same schema is sent the same documents."""

from dataclasses import dataclass, field, replace
from typing import Any

LINES = 10
ORDERS, PAGE, PAGES = 50, 100, 10
# Of a list as somebody scrolls it.
FAR, SCREEN = 5_000, 20
FIRST_PAGE, FAR_PAGE = "page 1", f"page {FAR:,}"
# So many pages are in one request; a document may have 15 aliases of one field.
ALIASES = 10

Variables = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """One document, and what it is sent with: once for each of the variables, or again and again with where the page ended.

    `asked` is how often it is asked in a round, by so many `clients` at once.
    """

    name: str
    document: str
    nodes: int
    asked: int
    clients: int = 16
    chained: int = 0
    variables: list[Variables] = field(default_factory=lambda: [{}])

    @property
    def requests(self) -> int:
        """How many requests it takes."""
        return self.chained or len(self.variables)


Q1 = Question(
    "q1",
    """
    query q1 { orders(first: 50) { nodes {
        id number state orderedOn placedAt total { amount currency } partner { code name } soldTo { name }
        lines(first: 10) { nodes { lineNumber sourceSku taxIncluded lineTotal { amount currency } } }
    } } }""",
    nodes=ORDERS,
    asked=320,
)
Q2 = Question(
    "q2",
    """
    query q2($after: Cursor) { orders(first: 100, after: $after) {
        nodes { id number kind state channel orderedOn placedAt initiated } pageInfo { endCursor }
    } }""",
    nodes=PAGE * PAGES,
    asked=48,
    chained=PAGES,
)
# The same to each role: objects of their own, because each has its own answer.
ROLES = {role: replace(Q1, name="role", asked=160) for role in ("admin", "channel_manager", "direct_sales", "partner")}
WALK = "query walk($first: Int, $after: Cursor) { orders(first: $first, after: $after) { pageInfo { endCursor } } }"
SCREENFUL = """
    query screen($after: Cursor) { orders(first: 20, after: $after) {
        nodes { id number state orderedOn placedAt total { amount currency } partner { code } } pageInfo { endCursor }
    } }"""


def many(cursors: list[str | None]) -> Question:
    """Return the question for as many pages as there are cursors, four fields of each order, ten pages a request."""
    names = range(ALIASES)
    taken = ", ".join(f"$a{name}: Cursor" for name in names)
    fields = " ".join(
        f"p{name}: orders(first: {PAGE}, after: $a{name}) {{ nodes {{ id number state placedAt }} }}" for name in names
    )
    groups = [cursors[first : first + ALIASES] for first in range(0, len(cursors), ALIASES)]
    variables = [{f"a{name}": cursor for name, cursor in enumerate(group)} for group in groups]
    return Question("q3", f"query q3({taken}) {{ {fields} }}", PAGE * len(cursors), asked=4, clients=1, variables=variables)


def screen(name: str, cursor: str | None) -> Question:
    """Return the question for one screenful of orders."""
    return Question(name, SCREENFUL, SCREEN, asked=320, variables=[{"after": cursor}])
