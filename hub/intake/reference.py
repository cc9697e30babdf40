"""What the records of a batch refer to. A payload that names something unknown is set aside, and waits for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.errors import MappingError
from hub.intake import identity, order
from hub.intake.batch import Landing, Mapped, Sorted, keep, refused
from hub.intake.identity import Identities
from hub.intake.shape import PRODUCT, SHAPES, Reference, Shape
from hub.intake.tree import on_cycles
from hub.records import CanonicalRecord, Order, PolicyVersion, PricePolicy, Product, Promotion
from hub.store.database import Connection
from hub.store.statements import prepared

Refusal = tuple[MappingError, tuple[str, str] | None]


async def identify(connection: Connection, landing: Landing, out: Sorted, mapped: dict[str, Any]) -> Identities:
    """Find what the records of a batch mean; payloads that name something unknown move to the rejects."""
    payloads = {p.key: (p, r) for p, r in [*out.new, *((p, r) for _, p, r in out.changed)]}
    while True:
        golden = {(shape.noun, shape.key(record)): record for shape, record in golden_records(mapped)}
        wanted = {reference for records in mapped.values() for _, reference in references(records)}
        own = {(shape.noun, shape.key(r)) for records in mapped.values() for shape, r in shaped(records)}
        found = await identity.resolve(connection, landing.origin, golden, wanted)
        found.resolve.update(dict.fromkeys(own - set(found.resolve), 0))
        bases = await base_articles(connection, mapped, found)
        circles = await on_cycles(connection, mapped, found)
        edited = await edited_policies(connection, landing, mapped)
        if not bases and not circles and not edited and wanted <= found.resolve.keys():
            return found
        refusals = {key: why for key, records in mapped.items() if (why := refusal(records, found, bases)) is not None}
        refusals |= {key: circle(parent) for key, parent in circles.items()}
        refusals |= {key: published(version) for key, version in edited.items()}
        if not refusals:
            return found
        for key, (error, waits) in refusals.items():
            payload, record = payloads[key]
            out.rejects.append(refused(payload, record.place, error, waits))
            del mapped[key]
        keep(out, set(mapped))


def circle(parent: str) -> Refusal:
    """Return why a payload that closes a circle is not stored; nothing it could wait for would open the circle."""
    message = f"Its parents lead from {parent!r} back to the record itself."
    return MappingError(message, code="cycle", field="parent", value=parent), None


async def edited_policies(connection: Connection, landing: Landing, mapped: Mapped) -> dict[str, int]:
    """Return the payloads that say of a published policy version what it does not say, with its number."""
    policies = {key: one for key, records in mapped.items() for one in records if isinstance(one, PolicyVersion)}
    if not policies:
        return {}
    values = {"source_id": landing.origin.source_id, "keys": [str(one.version) for one in policies.values()]}
    standing = {row["key"]: row for row in await connection.fetch(*prepared("policy", "standing", **values))}
    return {
        key: one.version
        for key, one in policies.items()
        if (row := standing.get(str(one.version))) is not None
        and (row["effective_from"], row["base_currency"], row["timezone"], row["body"])
        != (one.effective_from, one.base_currency, one.timezone, one.body)
    }


def published(version: int) -> Refusal:
    """Return why a payload that edits a published policy is not stored."""
    message = f"Policy version {version} is published and never edited; give the changed file a higher version."
    return MappingError(message, code="published_version", field="version", value=str(version)), None


def references(records: Iterable[CanonicalRecord]) -> Iterable[tuple[str, Reference]]:
    """Yield every field of some records that names another, and what it names."""
    for record in records:
        if isinstance(record, Order):
            yield from order.references(record)
        else:
            yield from SHAPES[type(record)].references(record)


def shaped(records: Iterable[CanonicalRecord]) -> Iterable[tuple[Shape, CanonicalRecord]]:
    """Yield the records that are one row each, with their shape."""
    for record in records:
        if not isinstance(record, Order):
            yield SHAPES[type(record)], record


def golden_records(mapped: Mapped) -> Iterable[tuple[Shape, CanonicalRecord]]:
    """Yield the golden records of a batch."""
    for records in mapped.values():
        for shape, record in shaped(records):
            if shape.golden:
                yield shape, record


def refusal(records: Iterable[CanonicalRecord], found: Identities, bases: Mapping[int, bool]) -> Refusal | None:
    """Return why a payload cannot be stored yet, and what it waits for."""
    for field_name, (noun, key) in references(records):
        if (noun, key) not in found.resolve:
            hint = ""
            if found.masters.get(noun, 0) is None:
                hint = f" Several sources have {noun} records; set `masters` to one of them, then run `channelhub replay`."
            message = f"There is no {noun.replace('_', ' ')} {key!r}.{hint}"
            return MappingError(message, code="unknown_ref", field=field_name, value=key), (noun, key)
    for record in records:
        base = base_of(record)
        if base is not None and not bases.get(found.resolve[PRODUCT, base], False):
            message = f"{base!r} is not a base article: it has another base, or more than one unit per pack."
            field_name = "base_sku" if isinstance(record, Product) else "sku"
            return MappingError(message, code="not_base_sku", field=field_name, value=base), (PRODUCT, base)
    return None


def base_of(record: CanonicalRecord) -> str | None:
    """Return the article a record needs to be a base article."""
    if isinstance(record, Product):
        return record.base_sku
    if isinstance(record, PricePolicy | Promotion):
        return record.sku
    return None


async def base_articles(connection: Connection, mapped: Mapped, found: Identities) -> dict[int, bool]:
    """Return which products a batch needs as base articles are; the batch's own products are judged as it brings them."""
    needed = {base for records in mapped.values() for record in records if (base := base_of(record)) is not None}
    wanted = [found.resolve[PRODUCT, base] for base in needed if (PRODUCT, base) in found.resolve]
    if not wanted:
        return {}
    bases = {row["id"]: row["is_base"] for row in await identity.fetch(connection, "bases", ids=wanted)}
    for records in mapped.values():
        for record in records:
            if isinstance(record, Product) and (PRODUCT, record.sku) in found.resolve:
                bases[found.resolve[PRODUCT, record.sku]] = record.base_sku == record.sku and record.units_per_pack == 1
    return bases
