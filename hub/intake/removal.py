"""What is gone: by the source's word, by two scans that missed it, or because a payload no longer yields it."""

from collections.abc import Mapping, Sequence

from hub.errors import TooMuchChange
from hub.intake.batch import Landing, Mapped, Sorted
from hub.intake.order import held
from hub.intake.shape import GOLDEN, SHAPES, Reference
from hub.records import Order
from hub.records.message import SyncMode
from hub.records.source import DeletePolicy
from hub.store import raw
from hub.store.database import Connection
from hub.store.dirty import Mark
from hub.store.statements import prepared, statement

# Below this many records a share says nothing.
FEWEST_TO_GUARD = 20
PLAIN_TABLES = ("order_line", *(shape.table.name for shape in SHAPES.values() if not shape.golden))


async def remove(connection: Connection, landing: Landing, gone: Mapping[str, str | None]) -> list[Mark]:
    """Delete what the source says is gone, unless that is too much."""
    if not gone:
        return []
    guard(landing, len(gone))
    buried = await raw.rows(
        connection, "bury", stream_id=landing.claim.stream_id, keys=list(gone), versions=list(gone.values())
    )
    return await delete(connection, [row["id"] for row in buried], {}, set())


def guard(landing: Landing, more: int) -> None:
    """Refuse to remove more than the stream allows: a source that suddenly shows half its data cannot empty the hub."""
    removed = landing.removed + more
    if removed >= FEWEST_TO_GUARD and removed > landing.stream.removal_limit * landing.live:
        raise TooMuchChange(
            f"{removed} of {landing.live} records of {landing.origin.name}/{landing.stream.name} would be removed, more than "
            f"{landing.stream.removal_limit:.0%}. Nothing was removed; check the source, or raise removal_limit for one run."
        )


async def sweep(connection: Connection, landing: Landing, out: Sorted, *, snapshot: bool) -> list[Mark]:
    """After a complete read, delete what it did not see: at once in a snapshot, else the second time in a row."""
    if not landing.marks_seen:
        return []
    scan = {"stream_id": landing.claim.stream_id, "scan": landing.claim.scan}
    if landing.claim.mode is SyncMode.RECONCILE and landing.stream.deletes is DeletePolicy.SCAN:
        await raw.run(connection, "miss", **scan)
    elif not snapshot:
        # Where the source says itself what is gone, or a file may lack what another holds, absence means nothing.
        return []
    times = 0 if snapshot else 2
    missed = dict.fromkeys(row["key"] for row in await raw.rows(connection, "missed", **scan, times=times))
    out.gone.update(missed)
    return await remove(connection, landing, missed)


async def vanish(
    connection: Connection,
    raw_ids: Sequence[int],
    mapped: Mapped,
    kept: Mapping[str, set[str]],
    links: set[Reference],
) -> list[Mark]:
    """Mark as deleted what payloads used to yield and no longer do."""
    orders = [record for records in mapped.values() for record in records if isinstance(record, Order)]
    kept_lines = {f"{one.number}|{line.number}" for one in orders for line in one.lines}
    kept_orders = {one.number for one in orders}
    return await delete(connection, raw_ids, {**kept, "order_line": kept_lines, "sales_order": kept_orders}, links)


async def delete(
    connection: Connection, raw_ids: Sequence[int], kept: Mapping[str, set[str]], links: set[Reference]
) -> list[Mark]:
    """Mark as deleted every row of these payloads that is not among the kept keys."""
    marks: list[Mark] = []
    yielded = kept.get("sales_order", set())
    # What judged a finding stays: a published policy is followed by another one, never withdrawn.
    published = await connection.fetch(*prepared("policy", "published_of", raw_ids=raw_ids))
    kept = {**kept, "policy_version": {*kept.get("policy_version", ()), *(row["key"] for row in published)}}
    keys = {"orders": list(yielded), "lines": list(kept.get("order_line", ()))}
    orders = await held(connection, "losing_orders", raw_ids=raw_ids, **keys)
    levels: list[int] = []
    for table in PLAIN_TABLES:
        gone = await connection.fetch(
            f"UPDATE {table} AS t SET deleted_at = now() WHERE t.raw_id = ANY($1::bigint[])"  # noqa: S608
            " AND t.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM unnest($2::text[]) AS kept (key) WHERE kept.key = t.key)"
            " RETURNING t.id, to_jsonb(t) AS old",
            raw_ids,
            list(kept.get(table, ())),
        )
        if table == "order_line":
            if gone:
                touched = [row["id"] for row in orders]
                await connection.execute(*prepared("order", "settle_orders", ids=touched))
                lost = {row["old"]["order_id"] for row in gone}
                marks += [("sales_order", row["id"], row["old"]) for row in orders if row["id"] in lost]
        else:
            marks += [(table, row["id"], {**row["old"], "deleted_at": None}) for row in gone]
        if table == "inventory_level":
            levels = [row["id"] for row in gone]
    await connection.execute(*prepared("canonical", "latest_levels", ids=levels))
    emptied = [row["id"] for row in orders if row["old"]["order"]["key"] not in yielded]
    closed = await connection.fetch(*prepared("order", "close_empty_orders", ids=emptied))
    closed_ids = {row["id"] for row in closed}
    marks += [("sales_order", row["id"], row["old"]) for row in orders if row["id"] in closed_ids]
    return marks + await unlink(connection, raw_ids, links)


async def unlink(connection: Connection, raw_ids: Sequence[int], kept: set[Reference]) -> list[Mark]:
    """Withdraw a source's word on golden records; one that no source speaks of any more is deleted."""
    links = await connection.fetch(
        "SELECT id, noun, key FROM identity_link WHERE raw_id = ANY($1::bigint[]) AND deleted_at IS NULL", raw_ids
    )
    lost = [row["id"] for row in links if (row["noun"], row["key"]) not in kept]
    if not lost:
        return []
    marks: list[Mark] = []
    gone = await connection.fetch(
        "UPDATE identity_link SET deleted_at = now() WHERE id = ANY($1::bigint[]) RETURNING noun, golden_id", lost
    )
    for noun in GOLDEN:
        dead = await connection.fetch(
            f"UPDATE {noun} AS g SET deleted_at = now() WHERE g.id = ANY($1::bigint[]) AND g.deleted_at IS NULL"  # noqa: S608
            " AND NOT EXISTS (SELECT 1 FROM identity_link AS l WHERE l.golden_id = g.id AND l.deleted_at IS NULL)"
            " RETURNING g.id, to_jsonb(g) AS old",
            [row["golden_id"] for row in gone if row["noun"] == noun],
        )
        marks += [(noun, row["id"], {**row["old"], "deleted_at": None}) for row in dead]
        if dead and noun == "region":
            for name in ("drop_neighbours", "add_neighbours"):
                await connection.execute(statement("region", name).sql)
    return marks
