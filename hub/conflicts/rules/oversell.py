"""Oversell: more of an article is promised from one place than was counted there.

Several channels may have sold the same stock. Nobody is named for it: who gave the promise too many is seen from the list.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

oversell = Rule(
    name="oversell",
    title_en="Commitments exceed stock",
    title_zh="承诺数量超过库存",
    says={
        "": Text(
            en="{committed} units of {base_sku} are committed at {location} by {channels} channels, {short} more than the "
            "{on_hand} counted on {event_day}.",
            zh="{location} 的 {base_sku} 已由 {channels} 个渠道承诺 {committed} 件,比 {event_day} 盘点的 {on_hand} 件"
            "多 {short} 件。",
        ),
        "stale_stock": Text(
            en="{committed} units of {base_sku} are committed at {location}, {short} more than the {on_hand} counted on "
            "{event_day}; that count is too old to rely on.",
            zh="{location} 的 {base_sku} 已承诺 {committed} 件,比 {event_day} 盘点的 {on_hand} 件多 {short} 件;"
            "该盘点时间较早,仅供参考。",
        ),
    },
    key=("location", "base_sku"),
    full=frozenset({"oversell"}),
    needs=(frozenset({"inventory_level"}), frozenset({"reservation"})),
    thresholds={"max_stock_age_hours": Decimal(24)},
    steps=("places", "levels", "commitments", "unmeasured", "shortages", "limit_places", "limits", "judge"),
)
