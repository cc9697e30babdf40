"""Price below the level above (价格倒挂): a sale for less than the seller's own level is meant to pay.

A lone piece is `minor`; a price that fits when counted in packs is a mapping to check (`pack_suspect`), not a low price. In
most jurisdictions these are observations that never become cases.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

tier_inversion = Rule(
    name="tier_inversion",
    title_en="Net price below the price level above",
    title_zh="成交净价低于上级价格",
    says={
        "": Text(
            en="{accused} sold {net_units} units of {base_sku} (order {order}, line {line}, {event_day}) at {unit_net} a unit, "
            "{percent_below} % below the {reference_kind} price of {reference}.",
            zh="{accused} 于 {event_day} 以单价 {unit_net} 售出 {net_units} 件 {base_sku}(订单 {order} 第 {line} 行),"
            "比 {reference_kind} 价 {reference} 低 {percent_below}%。",
        ),
        "pack_suspect": Text(
            en="{accused} sold {net_units} units of {base_sku} (order {order}, line {line}, {event_day}) at {unit_net} a unit; "
            "the usual price differs by factor {pack_factor}, so the pack may be counted wrongly.",
            zh="{accused} 于 {event_day} 以单价 {unit_net} 售出 {net_units} 件 {base_sku}(订单 {order} 第 {line} 行),"
            "与常见价格相差 {pack_factor} 倍,可能是包装换算问题。",
        ),
    },
    key=("source", "order_id", "line_no"),
    full=frozenset({"below_level"}),
    needs=(frozenset({"sales_order"}), frozenset({"price_policy"})),
    thresholds={"tol": Decimal("0.01"), "min_lines": Decimal(3), "min_pack_units": Decimal(12)},
    reach=("touch", "months", "weigh_touched", "keys", "unpriced"),
    everything=("all_keys", "all_unpriced"),
    steps=(
        "cells", "pick", "sales", "number", "questions", "prices", "limit_places", "limits", "weigh", "low", "allow",
        "ask_usual", "ground", "usual", "packs", "judge",
    ),
)  # fmt: skip
