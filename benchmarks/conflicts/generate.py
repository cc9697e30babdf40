"""Write one benchmark: sheets, labels and the facts a system needs to be run on them."""

import random
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.conflicts import infrastructure, sales
from benchmarks.conflicts.book import Book
from benchmarks.conflicts.ground import around, made_up
from benchmarks.conflicts.maker import SOURCE, Maker
from benchmarks.conflicts.plants import all_plants

FACTS, POLICY = "benchmark.json", "policy.toml"
ORDERS_PER_ROUND = 40


class Facts(Struct, frozen=True, kw_only=True):
    """What was generated. `at` is the instant to judge as of, `source` the name the records are loaded under."""

    seed: int
    size: int
    sales: str
    at: datetime
    source: str
    order_lines: int
    conflicts: int
    look_alikes: int


def generate(folder: Path, *, seed: int, size: int, given: Path | None) -> Facts:
    """Fill an empty folder. Each of `size` rounds plants every kind once; the same arguments give the same bytes."""
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty; name another folder or empty it.")
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    ground = made_up() if given is None else around(given, chance)
    book = Book()
    maker = Maker(ground, book, chance)
    infrastructure.lay(maker, given)
    lines = sales.make_up(maker, size * ORDERS_PER_ROUND) if given is None else sales.take(maker, given, folder)
    plants = all_plants()
    for _ in range(size):
        for plant in plants.values():
            plant(maker)
    (folder / POLICY).write_text(infrastructure.policy(ground.roots, ground.currency), encoding="utf-8")
    book.write(folder, "planted")
    conflicts = sum(label.kind == "conflict" for label in book.labels)
    facts = Facts(
        seed=seed, size=size, sales="made up" if given is None else given.name, at=ground.at, source=SOURCE,
        order_lines=lines, conflicts=conflicts, look_alikes=len(book.labels) - conflicts,
    )  # fmt: skip
    (folder / FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(facts)) + b"\n")
    return facts


def read_facts(folder: Path) -> Facts:
    """Return what a folder says of itself."""
    file = folder / FACTS
    if not file.is_file():
        raise SystemExit(f"{folder} holds no {FACTS}; generate a benchmark there first.")
    return msgspec.json.decode(file.read_bytes(), type=Facts)
