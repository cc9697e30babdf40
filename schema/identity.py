"""IdentityCandidate: two golden records that may be one; only a person decides."""

from datetime import datetime
from enum import Enum

import strawberry

from schema.compiler.catalog import Sort, column, one, pages, part, table
from schema.node import GLOBAL_ID, Actor, Node
from schema.paging import Connection
from schema.where import Choice, DecimalFilter, StringFilter, where


@strawberry.enum(description="State of a possible duplicate.")
class IdentityState(Enum):
    OPEN = strawberry.enum_value("open", description="Nobody has decided.")
    MERGED = strawberry.enum_value("merged", description="They are one.")
    KEPT_APART = strawberry.enum_value("kept_apart", description="They are two.")


@strawberry.type(description="One of two golden records that may be one.")
class IdentitySide:
    code: str | None = column("(hub_golden({noun}, {golden})).code", "Its code; null when it is gone.")
    name: str | None = column(
        "CASE WHEN {viewer_role} = 'admin' OR {noun} <> 'customer' THEN (hub_golden({noun}, {golden})).name END",
        "Its name; null when it is gone, and of customers for all but ADMIN.",
    )


@table(
    "identity_candidate",
    sorts={"SCORE": Sort("{score}::numeric", "numeric"), "CREATED_AT": Sort("created_at", "timestamptz")},
)
@strawberry.type(description="Two golden records that may be one. The hub never merges them by itself.")
class IdentityCandidate(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    noun: str = column("noun", "What they are: `partner`, `customer`, `product`.")
    left: IdentitySide = part({"noun": "noun", "golden": "left_id"}, "One of them.")
    right: IdentitySide = part({"noun": "noun", "golden": "right_id"}, "The other.")
    score: float = column("score", "How alike they are, 0..1.")
    reason: str = column("reason", "What is alike: `name`, `tax_id`, `domain`.")
    state: IdentityState = column("state", "State.")
    created_at: datetime = column("created_at", "When it was found.")
    decided_at: datetime | None = column("decided_at", "When somebody decided; null while nobody has.")
    decided_by: Actor | None = one("decided_by", "Who decided.")


@strawberry.input(description="Conditions on IdentityState.")
class IdentityStateFilter(Choice[IdentityState]):
    pass


@strawberry.input(description="Which possible duplicates.")
class IdentityCandidateFilter:
    noun: StringFilter | None = where("noun", "What they are.")
    state: IdentityStateFilter | None = where("state", "State. Default OPEN when the whole filter is left out.")
    score: DecimalFilter | None = where("{score}::numeric", "How alike they are.", cast="numeric")


@strawberry.type
class IdentityQuery:
    identity_candidates: Connection[IdentityCandidate] | None = pages(
        "Possible duplicates. Default order: most alike first.",
        [("SCORE", True)],
        filter=IdentityCandidateFilter | None,
        unfiltered="{state} = 'open'",
    )
