"""Unit mapping to check (the unit doctor): a price that is a whole multiple or part of the usual one.

Such a ratio is far more often a pack counted as a piece than a price; the finding proposes the mapping and accuses nobody.
"""

from hub.conflicts.rule import Rule, Text

unit_mapping_suspect = Rule(
    name="unit_mapping_suspect",
    title_en="Unit mapping to check",
    title_zh="计量单位换算待核对",
    says={
        "": Text(
            en="{members} records of {sku} from {source} in {month} differ from the usual unit price by a factor of {k}: "
            "check whether one {sku} is {proposed_units_per_pack} units instead of {units_per_pack}.",
            zh="{source} 在 {month} 有 {members} 条 {sku} 记录的单价与常见单价相差 {k} 倍:请核对每 {sku} 是否为 "
            "{proposed_units_per_pack} 个基本单位,而非 {units_per_pack}。",
        ),
    },
    key=("source", "sku", "direction", "k", "month"),
    full=frozenset(),
    needs=(frozenset({"sales_order", "offer"}),),
    reach=("keys", "unpriced"),
    everything=("all_keys", "all_unpriced"),
    steps=(
        "cells", "weigh_cells", "ground", "ask_usual", "usual", "pick", "sales", "pick_offers", "offers", "peers", "packs",
        "weigh", "line_members", "questions", "prices", "offer_members", "unpriced_offers", "judge",
    ),
)  # fmt: skip
