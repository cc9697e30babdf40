"""What a row cannot show by itself, judged within one file: cycles, and rows that contradict others of the file."""

from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.sheet.mapping import Fault

Values = Mapping[str, Any]
RECENT = 2000


class NoneToJudge:
    """A noun whose rows stand by themselves."""

    columns: tuple[str, ...] = ()
    warning: str | None = None  # about rows that are kept all the same

    def learn(self, rows: Iterable[Values]) -> None:
        """Read the whole file's values of `columns` before the first row is judged."""

    def fault(self, values: Values) -> Fault | None:
        """Return what is wrong with a row in view of the others. `values` are those of `columns` that could be read."""
        return None


class Tree(NoneToJudge):
    """Rows that name a parent: those on a cycle are set aside, those that hang on it are not."""

    def __init__(self) -> None:
        self.columns = ("code", "parent")
        self.on_cycle: frozenset[str] = frozenset()

    def learn(self, rows: Iterable[Values]) -> None:
        # The last row of a code wins, as it does in the store.
        parents = {row["code"]: row["parent"] for row in rows if row.get("code") is not None and "parent" in row}
        self.on_cycle = frozenset(cycles({code: parent for code, parent in parents.items() if parent is not None}))

    def fault(self, values: Values) -> Fault | None:
        parent = values.get("parent")
        if parent is None or values.get("code") not in self.on_cycle:
            return None
        return Fault("parent", "cycle", "Following the parents from here leads back to this row.", parent)


def cycles(parents: Mapping[str, str]) -> set[str]:
    """Return every key from which following the parents leads back to it."""
    seen: dict[str, int] = {}
    found: set[str] = set()
    for turn, start in enumerate(parents):
        path = []
        at: str | None = start
        while at is not None and at not in seen:
            seen[at] = turn
            path.append(at)
            at = parents.get(at)
        if at is not None and seen[at] == turn:
            found.update(path[path.index(at) :])
    return found


class ProductGroups(NoneToJudge):
    """Articles of one base: the base has one unit per pack, and its group is that of all its packs."""

    def __init__(self) -> None:
        self.columns = ("sku", "base_sku", "units_per_pack", "product_group", "gtin")
        self.bases: dict[str, str] = {}
        self.packs: set[str] = set()
        self.groups: dict[str, str] = {}

    def learn(self, rows: Iterable[Values]) -> None:
        wrong = 0
        for row in rows:
            sku, gtin = row.get("sku"), row.get("gtin")
            wrong += gtin is not None and not gtin_checks(gtin)
            if sku is None or not row.keys() >= {"base_sku", "units_per_pack", "product_group"}:
                continue
            base = row["base_sku"] or sku
            self.packs.discard(sku)
            self.bases.pop(sku, None)
            if base == sku and row["units_per_pack"] == 1:
                self.bases[sku] = row["product_group"]
            elif base != sku:
                self.packs.add(sku)
                self.groups.setdefault(base, row["product_group"])
        if wrong:
            self.warning = f"the check digit of {wrong} gtin is wrong; the rows are kept."

    def fault(self, values: Values) -> Fault | None:
        sku, base, group = values.get("sku"), values.get("base_sku"), values.get("product_group")
        if sku is None or base is None or group is None or base == sku:
            return None
        if base in self.packs:
            return Fault(
                "base_sku", "not_base_sku", f"{base} is itself a pack of another article; name the base article.", base
            )
        expected = self.bases.get(base, self.groups.get(base, group))
        if group == expected:
            return None
        return Fault("product_group", "header_conflict", f"The articles of {base} stand in the group {expected}.", group)


def gtin_checks(gtin: str) -> bool:
    """Tell whether a GTIN has 8, 12, 13 or 14 digits and the last one is right."""
    if len(gtin) not in (8, 12, 13, 14) or not (gtin.isascii() and gtin.isdigit()):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(gtin))) % 10 == 0


class BaseCurrency(NoneToJudge):
    """Rates: the base currency is worth one of itself."""

    def __init__(self, bases: frozenset[str]) -> None:
        self.columns = ("currency", "rate")
        self.bases = bases

    def fault(self, values: Values) -> Fault | None:
        rate = values.get("rate")
        if values.get("currency") not in self.bases or rate in (None, 1):
            return None
        return Fault("rate", "out_of_range", "The rate of the base currency is 1.", str(rate))


class OrderHeaders(NoneToJudge):
    """Lines of one order: the first row of an order in a file says what the order is, a row that differs is set aside.

    A file may hold hundreds of thousands of orders, so that only the last ones are kept as they were; of the others a
    fingerprint must do, which tells that a row differs but not where.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.header = columns
        self.columns = ("order_id", *columns)
        self.recent: dict[str, tuple[Any, ...]] = {}
        self.older = Fingerprints()

    def fault(self, values: Values) -> Fault | None:
        order = values.get("order_id")
        if order is None or any(column not in values for column in self.header):
            return None
        mine = tuple([values[column] for column in self.header])
        first = self.recent.get(order)
        if first is None:
            if not self.older.agrees(hash(order), hash(mine)):
                return Fault("order_id", "header_conflict", f"An earlier row of the order {order} says something else.", order)
            if len(self.recent) >= RECENT:
                self.recent.clear()
            self.recent[order] = mine
            return None
        if mine == first:
            return None
        column, said, before = next(
            (name, said, before) for name, said, before in zip(self.header, mine, first, strict=True) if said != before
        )
        shown = "empty" if before is None else str(before)
        return Fault(
            column, "header_conflict", f"The first row of this order says {shown}.", None if said is None else str(said)
        )


class Fingerprints:
    """A hash table of hashes: the first value put under a key, at twelve bytes an entry and a half of them free."""

    def __init__(self) -> None:
        self.count = 0
        self.keys = array("Q", bytes(8 * 1024))
        self.values = array("I", bytes(4 * 1024))

    def agrees(self, key: int, value: int) -> bool:
        """Put a value under a key, unless there is one: then tell whether it is the same."""
        key = (key & 0xFFFFFFFFFFFFFFFF) or 1
        value &= 0xFFFFFFFF
        place = self.place(key)
        if self.keys[place]:
            return self.values[place] == value
        self.keys[place], self.values[place] = key, value
        self.count += 1
        if self.count * 4 > len(self.keys) * 3:
            self.grow()
        return True

    def place(self, key: int) -> int:
        keys = self.keys
        mask = len(keys) - 1
        place = key & mask
        while keys[place] and keys[place] != key:
            place = (place + 1) & mask
        return place

    def grow(self) -> None:
        keys, values = self.keys, self.values
        self.keys = array("Q", bytes(16 * len(keys)))
        self.values = array("I", bytes(8 * len(values)))
        for key, value in zip(keys, values, strict=True):
            if key:
                place = self.place(key)
                self.keys[place], self.values[place] = key, value
