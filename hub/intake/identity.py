"""Which thing a record speaks of: source records tied to golden ones, exactly or not at all.

Two source records become one golden record by a code they share with the masters, by a confirmed alias, by an equal tax id,
or by a person's decision. Names that are merely alike go into a review queue; nothing is merged in silence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

from msgspec import Struct

from hub.intake.shape import GOLDEN, Reference, Shape
from hub.normalise.name import alias_key, company_key
from hub.records import CanonicalRecord, Partner
from hub.store.bulk import Table, Written, ids, upsert_staged
from hub.store.database import Connection, Store
from hub.store.statements import statement

SQL = partial(statement, "identity")
LINKS = Table(
    "identity_link",
    ("noun", "source_id", "key", "golden_id", "raw_id", "name", "tax_id", "basis"),
    ("noun", "source_id", "key"),
)
# Of 100, as rapidfuzz counts the likeness of two company names; below it too many strangers are alike.
ALIKE = 90.0
END = 3
MOST_ALIKE = 500


class Origin(Struct, frozen=True):
    """The source a batch came from."""

    source_id: int
    name: str


@dataclass
class Identities:
    """What the references of a batch mean, and what is known of its golden records."""

    resolve: dict[Reference, int] = field(default_factory=dict)
    basis: dict[Reference, str] = field(default_factory=dict)
    owner: dict[int, int | None] = field(default_factory=dict)
    code: dict[int, str] = field(default_factory=dict)
    masters: dict[str, int | None] = field(default_factory=dict)
    taken_over: set[int] = field(default_factory=set)


async def resolve(
    connection: Connection,
    origin: Origin,
    golden: Mapping[Reference, CanonicalRecord],
    references: Iterable[Reference],
) -> Identities:
    """Find every golden record a batch holds or names; records not known yet get an id of their own.

    References are sought in the batch's own source first, then in the masters. What is not in `resolve` is unknown.
    """
    wanted = {*golden, *references}
    nouns = sorted({noun for noun, _ in wanted})
    found = Identities()
    supplied = sorted({noun for noun, _ in golden})
    rows = await fetch(connection, "masters", nouns=nouns, source_id=origin.source_id, supplied=supplied)
    found.masters = {row["noun"]: row["source_id"] for row in rows}
    pairs = sorted(wanted)
    links = await fetch(connection, "links", nouns=[noun for noun, _ in pairs], keys=[key for _, key in pairs])
    own = {(row["noun"], row["key"]): row["golden_id"] for row in links if row["source_id"] == origin.source_id}
    theirs = {
        (row["noun"], row["key"]): row["golden_id"] for row in links if row["source_id"] == found.masters.get(row["noun"])
    }
    elsewhere = {(row["noun"], row["key"]): row["golden_id"] for row in links if row["source_id"] != origin.source_id}
    found.resolve = {**theirs, **own}
    found.basis = {(row["noun"], row["key"]): row["basis"] for row in links if row["source_id"] == origin.source_id}
    await name_newcomers(connection, origin, found, {k: v for k, v in golden.items() if k not in own}, elsewhere)
    await look_up_owners(connection, found, golden)
    await look_up_named(connection, origin, found, [pair for pair in pairs if pair[0] not in GOLDEN])
    return found


async def name_newcomers(
    connection: Connection,
    origin: Origin,
    found: Identities,
    newcomers: Mapping[Reference, CanonicalRecord],
    elsewhere: Mapping[Reference, int],
) -> None:
    """Give each source record that has no link yet its golden record: one that exists by exact evidence, else a new one."""
    by_tax = await tax_matches(connection, newcomers)
    by_alias = await alias_matches(connection, newcomers)
    strangers: list[Reference] = []
    for reference, record in newcomers.items():
        noun = reference[0]
        speaks = found.masters.get(noun) == origin.source_id
        tax_id = getattr(record, "tax_id", None)
        if not speaks and reference in found.resolve:
            found.basis[reference] = "masters"
        elif speaks and reference in elsewhere:
            # The masters name what another source brought first: it keeps its id and takes the masters' code.
            found.resolve[reference] = elsewhere[reference]
            found.basis[reference] = "masters"
            found.taken_over.add(elsewhere[reference])
        elif isinstance(record, Partner) and alias_key(record.name) in by_alias:
            found.resolve[reference] = by_alias[alias_key(record.name)]
            found.basis[reference] = "alias"
        elif tax_id is not None and (noun, tax_id) in by_tax:
            found.resolve[reference] = by_tax[noun, tax_id]
            found.basis[reference] = "tax_id"
        else:
            strangers.append(reference)
    for reference, id in zip(strangers, await ids(connection, len(strangers)), strict=True):
        noun, key = reference
        found.resolve[reference] = id
        found.basis[reference] = "own"
        found.owner[id] = origin.source_id
        found.code[id] = key if found.masters.get(noun) == origin.source_id else f"{origin.name}:{key}"


async def tax_matches(connection: Connection, newcomers: Mapping[Reference, CanonicalRecord]) -> dict[Reference, int]:
    """Return (noun, tax id) to the one golden record that carries it."""
    pairs = sorted({(noun, tax_id) for (noun, _), r in newcomers.items() if (tax_id := getattr(r, "tax_id", None))})
    if not pairs:
        return {}
    rows = await fetch(connection, "by_tax_id", nouns=[noun for noun, _ in pairs], tax_ids=[tax for _, tax in pairs])
    return {(row["noun"], row["tax_id"]): row["golden_id"] for row in rows}


async def alias_matches(connection: Connection, newcomers: Mapping[Reference, CanonicalRecord]) -> dict[str, int]:
    """Return a partner's name, as aliases are compared, to the one partner confirmed under it."""
    names = sorted({alias_key(record.name) for record in newcomers.values() if isinstance(record, Partner)})
    if not names:
        return {}
    return {row["alias_key"]: row["golden_id"] for row in await fetch(connection, "by_alias", names=names)}


async def look_up_owners(connection: Connection, found: Identities, golden: Mapping[Reference, CanonicalRecord]) -> None:
    """Learn who describes the golden records of this batch; only the owner's words are written."""
    existing = sorted({found.resolve[reference] for reference in golden if found.resolve[reference] not in found.owner})
    for row in await fetch(connection, "owners", ids=existing):
        found.owner[row["id"]] = row["source_id"]
        found.code[row["id"]] = row["code"]


async def look_up_named(connection: Connection, origin: Origin, found: Identities, references: Sequence[Reference]) -> None:
    """Learn which deals, promotions and claims exist; they are referred to by key, within the source or the masters."""
    if not references:
        return
    sources = [origin.source_id, *{source for noun, source in found.masters.items() if source and noun not in GOLDEN}]
    rows = await fetch(connection, "named", sources=sources, keys=[key for _, key in references])
    found.resolve.update(dict.fromkeys(((row["noun"], row["key"]) for row in rows), 0))


async def link(
    connection: Connection, origin: Origin, found: Identities, items: Sequence[tuple[Reference, CanonicalRecord, int | None]]
) -> None:
    """Write the links of a batch's golden records; `items` are reference, record and, for its own, the payload."""
    await upsert_staged(
        connection,
        LINKS,
        [
            (
                reference[0], origin.source_id, reference[1], found.resolve[reference], raw_id,
                getattr(record, "name", None), getattr(record, "tax_id", None), found.basis[reference],
            )
            for reference, record, raw_id in items
        ],
    )  # fmt: skip


async def write(
    connection: Connection,
    shape: Shape,
    origin: Origin,
    found: Identities,
    items: Sequence[tuple[Reference, CanonicalRecord, int | None]],
    at: datetime,
) -> list[Written]:
    """Write the golden rows this source may describe; what other sources own stays as they say."""
    rows = []
    for reference, record, raw_id in items:
        id = found.resolve[reference]
        if found.owner[id] not in (origin.source_id, None) and id not in found.taken_over:
            continue
        code = reference[1] if id in found.taken_over else found.code[id]
        rows.append(shape.row(record, (id, code, origin.source_id, raw_id, at), found.resolve))
    # By id, as orders lock whom they follow: two syncs wait for each other in one direction.
    return await upsert_staged(connection, shape.table, sorted(rows, key=itemgetter(0)))


async def suggest(store: Store, source_id: int, since: datetime) -> int:
    """Put pairs of alike names into the review queue; return how many are new.

    Compares what this source brought since with all other sources, by the likeness of company names that begin or end alike.
    """
    async with store.connection() as connection:
        fresh = await fetch(connection, "fresh", source_id=source_id, since=since)
        added = 0
        for noun in sorted({row["noun"] for row in fresh}):
            others = await fetch(connection, "others", noun=noun, source_id=source_id)
            ones = {row["golden_id"]: company_key(row["name"]) for row in fresh if row["noun"] == noun}
            pairs = alike(ones, {row["golden_id"]: company_key(row["name"]) for row in others})
            put = SQL("suggest")
            values = {
                "noun": noun,
                "ones": [one for one, _, _ in pairs],
                "others": [other for _, other, _ in pairs],
                "scores": [score for _, _, score in pairs],
            }
            added += len(await connection.fetch(put.sql, *put.arguments(values)))
        return added


def alike(ones: Mapping[int, str], others: Mapping[int, str]) -> list[tuple[int, int, float]]:
    """Return the pairs of alike names with their likeness, at most three for each name.

    Only names that share their first or last three characters are compared. Where so many do that they tell nothing apart
    (shops numbered through), the pairs would drown a reader, and are left out.
    """
    from rapidfuzz import fuzz, process  # heavy, and needed only here

    ends: dict[tuple[str, str], dict[int, str]] = {}
    for id, name in others.items():
        for end in (("^", name[:END]), ("$", name[-END:])):
            ends.setdefault(end, {})[id] = name
    found: list[tuple[int, int, float]] = []
    for one, name in ones.items():
        near: dict[int, str] = {}
        for end in (("^", name[:END]), ("$", name[-END:])):
            block = ends.get(end, {})
            if len(block) <= MOST_ALIKE:
                near.update(block)
        matches = process.extract(name, near, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=3)
        found.extend((one, other, score) for _, score, other in matches)
    return found


async def fetch(connection: Connection, name: str, **values: object) -> list[Any]:
    """Run one of this noun's statements and return its rows."""
    one = SQL(name)
    rows: list[Any] = await connection.fetch(one.sql, *one.arguments(values))
    return rows
