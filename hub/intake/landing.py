"""The one transaction: everything one checkpoint stands for is committed, or nothing is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import MappingError, TooMuchChange
from hub.intake import identity, order
from hub.intake.batch import Batch, Normalise, Sorted, keep, key_text, refused, sort, translate
from hub.intake.identity import Identities, Origin
from hub.intake.shape import SHAPES, Reference, Shape
from hub.records import CanonicalRecord, Order, OrderLine, PricePolicy, Product, Promotion
from hub.records.message import SyncMode
from hub.records.source import Stream
from hub.store import dirty, raw
from hub.store.bulk import Row, Written, copy_new, ids, upsert_staged
from hub.store.database import AlreadyThere, Connection, Store
from hub.store.event import Happening, publish
from hub.store.raw import keyed
from hub.store.statements import statement
from hub.store.sync_run import Claim, Counts, advance, count

Mapped = Mapping[str, tuple[CanonicalRecord, ...]]
Mark = tuple[str, int, dict[str, object] | None]
Header = tuple[Order, Sequence[OrderLine], int]  # with its lines and its payload
Line = tuple[Order, OrderLine, int]
# Below this many records a share says nothing.
FEWEST_TO_GUARD = 20


@dataclass
class Landing:
    """A run's way into the store: who reads, what stream, how payloads are mapped, and what has gone so far."""

    origin: Origin
    claim: Claim
    stream: Stream
    normalise: Normalise
    live: int = 0
    removed: int = 0
    marks_seen: bool = False
    totals: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class Landed:
    """What a committed batch did."""

    counts: Counts
    nouns: frozenset[str]


async def begin(store: Store, landing: Landing) -> None:
    """Count what is live, so that a run can be stopped before it removes too much."""
    async with store.connection() as connection:
        (row,) = await raw.rows(connection, "live", stream_id=landing.claim.stream_id)
    landing.live = row["count"]


async def land(store: Store, landing: Landing, batch: Batch, *, again: bool = False) -> Landed:
    """Commit a batch with its bookmark.

    `again` maps payloads once more although they did not change. Raises FenceLost when another worker has claimed the
    stream meanwhile, and TooMuchChange when the run would remove more than the stream allows.
    """
    try:
        return await attempt(store, landing, batch, again=again, staged=False)
    except AlreadyThere:
        # A row we took for new exists: another stream of the source brought it. Staging finds out row by row.
        return await attempt(store, landing, batch, again=again, staged=True)


async def attempt(store: Store, landing: Landing, batch: Batch, *, again: bool, staged: bool) -> Landed:
    """Try once to commit a batch."""
    claim, checkpoint = landing.claim, batch.checkpoint
    async with store.transaction() as connection:
        keys = list({key_text(m.key) for m in batch.messages if m.key is not None})
        known = await raw.known(connection, claim.stream_id, keys)
        out = sort(batch, known, landing.stream.volatile, again=again)
        mapped = translate(out, landing.normalise)
        found = await identify(connection, landing, out, mapped)
        payload_ids = await keep_payloads(connection, landing, out)
        marks = await write(connection, landing, out, mapped, found, payload_ids, staged=staged)
        marks += await remove(connection, landing, out.gone)
        if checkpoint.complete:
            marks += await sweep(connection, landing, out, snapshot=checkpoint.snapshot)
        out.counts.removed = len(out.gone)
        await raw.set_aside(connection, landing.origin.source_id, claim.stream_id, claim.run_id, out.rejects)
        await clear_rejects(connection, landing, mapped, checkpoint.settled)
        await dirty.mark(connection, distinct(marks))
        out.counts.rejected = len({reject.identity for reject in out.rejects})
        await move_on(connection, landing, batch, out.counts, moved=bool(marks))
    landing.removed += out.counts.removed
    for name in out.counts.__struct_fields__:
        setattr(landing.totals, name, getattr(landing.totals, name) + getattr(out.counts, name))
    return Landed(out.counts, frozenset(noun for noun, _, _ in marks))


async def move_on(connection: Connection, landing: Landing, batch: Batch, counts: Counts, *, moved: bool) -> None:
    """Move the bookmark, add to the run's counts and tell who follows it."""
    claim, checkpoint = landing.claim, batch.checkpoint
    scan = claim.mode is SyncMode.RECONCILE
    # A scan has no bookmark of its own until it is complete; a run in the middle of one must not disturb the stream's.
    keeps = claim.mode is SyncMode.REPLAY or (scan and not (checkpoint.complete and checkpoint.state))
    await advance(
        connection,
        claim,
        state=None if keeps else checkpoint.state,
        watermark=checkpoint.watermark,
        moved=moved,
        scanned=checkpoint.complete and landing.marks_seen,
    )
    await count(
        connection,
        claim.run_id,
        counts,
        announced=checkpoint.announced,
        expected=checkpoint.expected,
        note=checkpoint.note,
    )
    await publish(
        connection,
        [Happening("sync", "progress", claim.run_id, {"done": checkpoint.done, "expected": checkpoint.expected})],
    )


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
        if not bases and wanted <= found.resolve.keys():
            return found
        refusals = {key: why for key, records in mapped.items() if (why := refusal(records, found, bases)) is not None}
        if not refusals:
            return found
        for key, (error, waits) in refusals.items():
            payload, record = payloads[key]
            out.rejects.append(refused(payload, record.place, error, waits))
            del mapped[key]
        keep(out, set(mapped))


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


Refusal = tuple[MappingError, tuple[str, str] | None]


def refusal(records: Iterable[CanonicalRecord], found: Identities, bases: Mapping[int, bool]) -> Refusal | None:
    """Return why a payload cannot be stored yet, and what it waits for."""
    for field_name, (noun, key) in references(records):
        if (noun, key) not in found.resolve:
            hint = "" if found.masters.get(noun) else f" Several sources have {noun} records; set `masters` to one of them."
            message = f"There is no {noun.replace('_', ' ')} {key!r}.{hint}"
            return MappingError(message, code="unknown_ref", field=field_name, value=key), (noun, key)
    for record in records:
        base = base_of(record)
        if base is not None and not bases.get(found.resolve["product", base], False):
            message = f"{base!r} is not a base article: it has another base, or more than one unit per pack."
            field_name = "base_sku" if isinstance(record, Product) else "sku"
            return MappingError(message, code="not_base_sku", field=field_name, value=base), ("product", base)
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
    wanted = [found.resolve["product", base] for base in needed if ("product", base) in found.resolve]
    if not wanted:
        return {}
    bases = {row["id"]: row["is_base"] for row in await identity.fetch(connection, "bases", ids=wanted)}
    for records in mapped.values():
        for record in records:
            if isinstance(record, Product) and ("product", record.sku) in found.resolve:
                bases[found.resolve["product", record.sku]] = record.base_sku == record.sku and record.units_per_pack == 1
    return bases


async def keep_payloads(connection: Connection, landing: Landing, out: Sorted) -> dict[str, int]:
    """Store the payloads; return the id of each by key."""
    claim = landing.claim
    scan = claim.scan if landing.marks_seen else 0
    new = await raw.keep_new(connection, claim.stream_id, claim.run_id, scan, claim.at, [p for p, _ in out.new])
    await raw.keep_changed(connection, claim.run_id, claim.at, [(id, p) for id, p, _ in out.changed])
    await raw.renew(connection, out.renewed)
    if landing.marks_seen:
        await raw.run(connection, "seen", scan=claim.scan, ids=out.seen)
    out.counts.new += len(out.new)
    out.counts.changed += len(out.changed)
    payload_ids = {p.key: id for (p, _), id in zip(out.new, new, strict=True)}
    payload_ids.update({p.key: id for id, p, _ in out.changed})
    return payload_ids


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
                (new if key in fresh and not staged else old).append(row)
    marks: list[Mark] = []
    kept: dict[str, set[str]] = {}
    for shape in sorted(golden, key=lambda shape: GOLDEN_ORDER.index(shape.noun)):
        await identity.link(connection, origin, found, golden[shape])
        written = await identity.write(connection, shape, origin, found, golden[shape], at)
        marks += [(shape.noun, one.id, one.old) for one in written]
        marks += await settle(connection, shape.noun, written)
    for shape, (new, old) in rows.items():
        marks += await write_rows(connection, shape, new, old)
        kept[shape.table.name] = {str(row[1]) for row in (*new, *old)}
    marks += await write_orders(connection, landing, orders, found, staged=staged)
    changed = [payload_ids[payload.key] for _, payload, _ in out.changed]
    if changed:
        marks += await vanish(connection, changed, mapped, kept, golden)
    return marks


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
        led = await connection.fetch(*prepared("order", "led_orders", **leaders))
        await connection.execute(*prepared("order", "follow_leaders", ids=[row["id"] for row in led]))
        marks += [("sales_order", row["id"], row["old"]) for row in led]
    return marks


async def write_orders(
    connection: Connection, landing: Landing, orders: list[tuple[Order, int]], found: Identities, *, staged: bool
) -> list[Mark]:
    """Write orders and lines. Orders that exist are settled from all their lines, also those of other payloads."""
    if not orders:
        return []
    origin, at = landing.origin, landing.claim.at
    by_number: dict[str, list[tuple[Order, int]]] = {}
    for item in orders:
        by_number.setdefault(item[0].number, []).append(item)
    known = await connection.fetch(*prepared("order", "known_orders", source_id=origin.source_id, keys=list(by_number)))
    have = {row["key"]: (row["id"], row["old"]) for row in known}
    follow = await leaders_of(connection, [one for one, _ in orders], found)
    new_numbers = [number for number in by_number if number not in have]
    order_ids = dict(zip(new_numbers, await ids(connection, len(new_numbers)), strict=True))
    order_ids.update({number: id for number, (id, _) in have.items()})
    # New and existing ones; rows are made while the database takes those before them.
    headers: tuple[list[Header], list[Header]] = ([], [])
    lines: tuple[list[Line], list[Line]] = ([], [])
    for number, items in by_number.items():
        old = number in have or staged
        last, raw_id = items[-1]
        all_lines = {line.number: (one, line, payload) for one, payload in items for line in one.lines}
        headers[old].append((last, [line for _, line, _ in all_lines.values()], raw_id))
        lines[old].extend(all_lines.values())

    def header(item: Header) -> Row:
        one, its_lines, raw_id = item
        head = (order_ids[one.number], origin.source_id, one.number, raw_id, at)
        return order.header(one, its_lines, head, found.resolve, follow)

    def line(item: Line) -> Row:
        one, of, raw_id = item
        return order.line_row(one, of, order_ids[one.number], origin.source_id, raw_id, at, found.resolve)

    if headers[0]:
        await copy_new(connection, order.ORDERS, map(header, headers[0]))
        await copy_new(connection, order.LINES, map(line, lines[0]))
    moved = {one.id for one in await upsert_staged(connection, order.ORDERS, map(header, headers[1]))}
    line_ids = [one.id for one in await upsert_staged(connection, order.LINES, map(line, lines[1]))]
    if line_ids:
        touched = await connection.fetch("SELECT DISTINCT order_id FROM order_line WHERE id = ANY($1::bigint[])", line_ids)
        moved |= {row["order_id"] for row in touched}
    settled = [order_ids[number] for number in by_number if number in have or staged]
    if settled:
        await connection.execute(*prepared("order", "settle_orders", ids=settled))
    before = dict(have.values())
    marks: list[Mark] = [("sales_order", order_ids[number], None) for number in new_numbers]
    return marks + [("sales_order", id, before[id]) for id in moved if id in before]


async def leaders_of(
    connection: Connection, orders: Sequence[Order], found: Identities
) -> dict[tuple[str, int], dict[str, int | None]]:
    """Return the region and partner of every customer and place that orders follow."""
    customers = {found.resolve["customer", one.customer] for one in orders if one.customer is not None}
    locations = {found.resolve["location", one.location] for one in orders if one.location is not None}
    rows = await connection.fetch(*prepared("order", "leaders", customers=list(customers), locations=list(locations)))
    return {(row["noun"], row["id"]): {"region_id": row["region_id"], "partner_id": row["partner_id"]} for row in rows}


async def vanish(
    connection: Connection,
    raw_ids: Sequence[int],
    mapped: Mapped,
    kept: Mapping[str, set[str]],
    golden: Mapping[Shape, list[tuple[Reference, CanonicalRecord, int | None]]],
) -> list[Mark]:
    """Mark as deleted what payloads used to yield and no longer do."""
    orders = [record for records in mapped.values() for record in records if isinstance(record, Order)]
    kept_lines = {f"{one.number}|{line.number}" for one in orders for line in one.lines}
    links = {reference for items in golden.values() for reference, _, _ in items}
    kept_orders = {one.number for one in orders}
    return await delete(connection, raw_ids, {**kept, "order_line": kept_lines, "sales_order": kept_orders}, links)


async def delete(
    connection: Connection, raw_ids: Sequence[int], kept: Mapping[str, set[str]], links: set[Reference]
) -> list[Mark]:
    """Mark as deleted every row of these payloads that is not among the kept keys."""
    marks: list[Mark] = []
    orders = await connection.fetch(*prepared("order", "orders_of_raw", raw_ids=raw_ids))
    levels: list[int] = []
    for table in PLAIN_TABLES:
        gone = await connection.fetch(
            f"UPDATE {table} AS t SET deleted_at = now() WHERE t.raw_id = ANY($1::bigint[])"  # noqa: S608
            " AND t.deleted_at IS NULL AND NOT t.key = ANY($2::text[]) RETURNING t.id, to_jsonb(t) AS old",
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
    yielded = kept.get("sales_order", set())
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
    for noun in GOLDEN_ORDER:
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


async def remove(connection: Connection, landing: Landing, keys: Sequence[str]) -> list[Mark]:
    """Delete what the source says is gone, unless that is too much."""
    if not keys:
        return []
    guard(landing, len(keys))
    buried = await raw.rows(connection, "bury", stream_id=landing.claim.stream_id, keys=list(keys))
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
    if landing.claim.mode is SyncMode.RECONCILE:
        await raw.run(connection, "miss", **scan)
    elif not snapshot:
        return []
    times = 0 if snapshot else 2
    keys = [row["key"] for row in await raw.rows(connection, "missed", **scan, times=times)]
    out.gone.extend(keys)
    return await remove(connection, landing, keys)


async def clear_rejects(connection: Connection, landing: Landing, mapped: Mapped, files: Sequence[str]) -> None:
    """Close rejects whose record has come good, and those of files that were read again without them."""
    claim = landing.claim
    state = "replayed" if claim.mode is SyncMode.REPLAY else "superseded"
    identities = [keyed(key) for key in mapped]
    await raw.run(connection, "clear", stream_id=claim.stream_id, identities=identities, state=state)
    if files:
        await raw.run(connection, "clear_files", stream_id=claim.stream_id, run_id=claim.run_id, files=list(files))


def distinct(marks: Iterable[Mark]) -> list[Mark]:
    """Keep one mark for each record: the first, which holds the version from before the batch."""
    first: dict[tuple[str, int], Mark] = {}
    for mark in marks:
        first.setdefault((mark[0], mark[1]), mark)
    return list(first.values())


def prepared(noun: str, name: str, **values: object) -> tuple[Any, ...]:
    """Return a statement and its arguments, as a connection takes them."""
    one = statement(noun, name)
    return (one.sql, *one.arguments(values))


GOLDEN_ORDER = ("region", "partner", "customer", "product", "location")
PLAIN_TABLES = ("order_line", *(shape.table.name for shape in SHAPES.values() if not shape.golden))
