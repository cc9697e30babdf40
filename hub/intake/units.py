"""Rows of articles that a source counts otherwise than the masters say: brought to the base article, unit by unit."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from hub.store.bulk import Row, Table
from hub.store.unit_mapping import Units

# What counts pieces of the row's article.
COUNTED: Mapping[str, tuple[str, ...]] = {
    "order_line": ("qty", "qty_shipped", "qty_delivered"),
    "offer": ("min_qty",),
}
SIX_PLACES = Decimal("0.000001")


def recounted(table: Table, row: Row, units: Mapping[int, Units]) -> Row:
    """Return the row in units of the base article where its article is mapped, else as it is."""
    article = table.place("product_id")
    mapped = units.get(cast("int", row[article]))
    if mapped is None:
        return row
    values = list(row)
    values[article] = mapped.base_id
    for column in COUNTED[table.name]:
        place = table.place(column)
        amount = cast("Decimal | None", row[place])
        if amount is not None:
            values[place] = whole(amount * mapped.numerator / mapped.denominator)
    return tuple(values)


def whole(amount: Decimal) -> Decimal:
    """Return an amount to six places, which is exact for every pack that comes out whole."""
    return amount.quantize(SIX_PLACES, ROUND_HALF_UP)
