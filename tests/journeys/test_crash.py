"""Killed at any moment, an import loses nothing and repeats nothing."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from hub.store.database import Store, open_store
from hub.store.embedded import server

SEED = 20260301
KILLS = 10
LINES = 16_000
# Content and identity of everything that was stored, without ids and times of day.
CONTENTS = {
    "raw": "SELECT s.name, r.key, r.raw_hash, r.version, r.place FROM raw_record AS r JOIN stream AS s ON s.id = r.stream_id",
    "orders": """
        SELECT o.key, o.kind, o.ordered_on, p.code, b.code, o.total, o.net_total, o.line_count, o.state, o.deleted_at
          FROM sales_order AS o
          LEFT JOIN partner AS p ON p.id = o.partner_id LEFT JOIN partner AS b ON b.id = o.buyer_partner_id""",
    "lines": """
        SELECT l.key, p.code, l.qty, l.amount, l.status, l.deleted_at
          FROM order_line AS l JOIN product AS p ON p.id = l.product_id""",
    "partners": "SELECT code, name, level, deleted_at FROM partner",
    "rejects": "SELECT key, code, field, value, place, state, occurrences FROM reject",
    "history": "SELECT count(*) FROM raw_history",
    "marks": """
        SELECT d.noun, coalesce(o.key, p.code, g.code, t.code), d.old IS NULL, jsonb_array_length(d.old->'lines')
          FROM dirty_record AS d
          LEFT JOIN sales_order AS o ON o.id = d.record_id LEFT JOIN partner AS p ON p.id = d.record_id
          LEFT JOIN region AS g ON g.id = d.record_id LEFT JOIN product AS t ON t.id = d.record_id""",
    "counted": """
        SELECT s.name, sum(r.records_new), sum(r.records_changed), sum(r.records_rejected)
          FROM sync_run AS r JOIN stream AS s ON s.id = r.stream_id GROUP BY s.name""",
    "runs": "SELECT s.name, count(*) FROM sync_run AS r JOIN stream AS s ON s.id = r.stream_id GROUP BY s.name",
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may pass, for two homes and the sheets."""
    with TemporaryDirectory(prefix="channelhub-crash-") as made:
        root = Path(made)
        root.chmod(0o755)
        write_sheets(root / "sheets")
        yield root


def write_sheets(sheets: Path) -> None:
    """Write a small channel with more orders than three checkpoints hold, some of them bad."""
    rng = random.Random(SEED)
    sheets.mkdir()
    (sheets / "regions.csv").write_text("code,kind\nUS,country\n")
    partners = "".join(f"P{n},Partner {n},US\n" for n in range(50))
    (sheets / "partners.csv").write_text(f"code,name,home_region\n{partners}")
    products = "".join(f"S{n}\n" for n in range(200))
    (sheets / "products.csv").write_text(f"sku\n{products}")
    rows = ["order_id,line_no,order_kind,order_date,seller,ship_to_region,sku,qty,amount,currency\n"]
    for n in range(LINES):
        qty = "many" if n % 997 == 0 else rng.randint(1, 9)
        seller, sku = f"P{rng.randrange(50)}" if n % 4 == 0 else None, rng.randrange(200)
        first = seller or rows[-1].split(",")[4]
        rows.append(
            f"O{n // 4},{n % 4 + 1},sell_out,2026-03-{n // 4 % 28 + 1:02},{first},US,S{sku},{qty},{rng.randint(5, 900)},USD\n"
        )
    (sheets / "orders.csv").write_text("".join(rows))


def import_once(home: Path, sheets: Path, within_s: float | None) -> bool:
    """Run an import, killed with SIGKILL when it takes longer; say whether it came to its end."""
    home.mkdir(mode=0o755, exist_ok=True)
    command = [sys.executable, "-m", "jobs", "import", str(sheets), "--json"]
    environment = {**os.environ, "CHANNELHUB_HOME": str(home)}
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(command, env=environment, cwd=home, timeout=within_s, capture_output=True, check=False, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return True
    return False


async def contents(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything a store holds, sorted."""
    async with open_store(address, connections=2) as store:
        return {name: await sorted_rows(store, sql) for name, sql in CONTENTS.items()}


async def sorted_rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    async with store.connection() as connection:
        return sorted((tuple(row) for row in await connection.fetch(sql)), key=repr)


def test_ten_kills_and_one_clean_run_equal_one_clean_run(folder: Path) -> None:
    rng = random.Random(SEED)
    broken, clean = folder / "broken", folder / "clean"
    began = time.monotonic()
    assert import_once(clean, folder / "sheets", None)
    took_s = time.monotonic() - began
    (folder / "nothing").mkdir()
    assert import_once(broken, folder / "nothing", None)
    for _ in range(KILLS):
        # Each dies somewhere on the way one clean run takes; what it committed, the next finds done.
        import_once(broken, folder / "sheets", rng.uniform(0.1, 0.8) * took_s)
    assert import_once(broken, folder / "sheets", None)
    stores = []
    for home in (clean, broken):
        one = server(home)
        one.start()
        try:
            stores.append(asyncio.run(contents(one.address)))
        finally:
            one.stop()
    runs = [count for store in stores for name, count in store.pop("runs") if name == "orders"]
    assert runs[0] == 1
    assert runs[1] > 2, "No kill met the import of the orders; nothing was tried."
    for name in stores[0]:
        assert stores[1][name] == stores[0][name], name
    assert len(stores[0]["lines"]) == LINES - len(stores[0]["rejects"])
    assert len(stores[0]["rejects"]) == 17
