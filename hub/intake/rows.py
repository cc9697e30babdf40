"""The canonical rows of a batch, and what follows from golden records that changed."""

from collections.abc import Mapping, Sequence

from hub.intake import identity
from hub.intake.batch import Landing, Mapped, Sorted
from hub.intake.identity import Identities
from hub.intake.order import held, write_orders
from hub.intake.reference import shaped
from hub.intake.removal import vanish
from hub.intake.shape import GOLDEN, Reference, Shape
from hub.intake.units import recounted
from hub.records import CanonicalRecord, Offer, Order
from hub.store.bulk import Row, Written, copy_new, upsert_staged
from hub.store.database import Connection
from hub.store.dirty import Mark
from hub.store.statements import prepared, statement
from hub.store.unit_mapping import units_of


async def write(
    connection: Connection,
    landing: Landing,
    out: Sorted,
    mapped: Mapped,
    found: Identities,
    payload_ids: Mapping[str, int],
    *,
    staged: bool,
) -> list[Mark]:
    """Write the canonical rows of a batch; return what has to be judged again."""
    origin, at = landing.origin, landing.claim.at
    rows: dict[Shape, tuple[list[Row], list[Row]]] = {}
    golden: dict[Shape, list[tuple[Reference, CanonicalRecord, int | None]]] = {}
    orders: list[tuple[Order, int]] = []
    fresh = {p.key for p, _ in out.new}
    units = await units_of(connection, origin.source_id) if any_offers(mapped) else {}
    for key, records in mapped.items():
        raw_id = payload_ids[key]
        orders.extend((record, raw_id) for record in records if isinstance(record, Order))
        for shape, record in shaped(records):
            if shape.golden:
                # What a payload is about goes with it; what it merely mentions after that stays for those who refer to it.
                about = raw_id if record is records[0] else None
                golden.setdefault(shape, []).append(((shape.noun, shape.key(record)), record, about))
            else:
                new, old = rows.setdefault(shape, ([], []))
                row = shape.row(record, (origin.source_id, shape.key(record), raw_id, at), found.resolve)
                if units and shape.noun == "offer":
                    row = recounted(shape.table, row, units)
                (new if key in fresh and not staged else old).append(row)
    marks: list[Mark] = []
    kept: dict[str, set[str]] = {}
    described: list[tuple[str, list[Written]]] = []
    for shape in sorted(golden, key=lambda shape: GOLDEN.index(shape.noun)):
        await identity.link(connection, origin, found, golden[shape])
        written = await identity.write(connection, shape, origin, found, golden[shape], at)
        marks += [(shape.noun, one.id, one.old) for one in written]
        described.append((shape.noun, written))
    # Once all of them are written, for orders are locked after whom they follow.
    for noun, written in described:
        marks += await settle(connection, noun, written)
    for shape, (new, old) in rows.items():
        marks += await write_rows(connection, shape, new, old)
        kept[shape.table.name] = {str(row[1]) for row in (*new, *old)}
    marks += await write_orders(connection, landing, orders, found.resolve, staged=staged)
    changed = [payload_ids[payload.key] for _, payload, _ in out.changed]
    if changed:
        marks += await vanish(
            connection, changed, mapped, kept, {reference for items in golden.values() for reference, _, _ in items}
        )
    return marks


def any_offers(mapped: Mapped) -> bool:
    """Say whether a batch holds offers."""
    return any(isinstance(record, Offer) for records in mapped.values() for record in records)


async def write_rows(connection: Connection, shape: Shape, new: list[Row], old: list[Row]) -> list[Mark]:
    """Write the rows of one noun: COPY for payloads that are new, staging for the others."""
    key = shape.table.place("key")
    single = {row[key]: row for row in new}
    await copy_new(connection, shape.table, list(single.values()))
    marks: list[Mark] = []
    if single:
        source_id = next(iter(single.values()))[0]
        fresh = await connection.fetch(
            f"SELECT id FROM {shape.table.name} WHERE source_id = $1 AND key = ANY($2::text[])",  # noqa: S608
            source_id,
            list(single),
        )
        marks += [(shape.noun, row["id"], None) for row in fresh]
    marks += [(shape.noun, one.id, one.old) for one in await upsert_staged(connection, shape.table, old)]
    if shape.noun == "inventory_level":
        await connection.execute(*prepared("canonical", "latest_levels", ids=[id for _, id, _ in marks]))
    return marks


async def settle(connection: Connection, noun: str, written: Sequence[Written]) -> list[Mark]:
    """Bring up to date what follows from golden records that changed."""
    changed = [one.id for one in written]
    if not changed:
        return []
    marks: list[Mark] = []
    if noun == "region":
        moved = await connection.fetch(statement("region", "settle_paths").sql)
        marks += [("region", row["id"], row["old"]) for row in moved if row["id"] not in set(changed)]
        for name in ("drop_covers", "add_covers", "drop_neighbours", "add_neighbours"):
            await connection.execute(statement("region", name).sql)
    elif noun == "partner":
        await connection.execute(statement("partner", "settle_levels").sql)
    elif noun in ("customer", "location"):
        leaders = {"customers": [], "locations": [], f"{noun}s": changed}
        led = await held(connection, "led_orders", **leaders)
        await connection.execute(*prepared("order", "follow_leaders", ids=[row["id"] for row in led]))
        marks += [("sales_order", row["id"], row["old"]) for row in led]
    return marks
