"""Cross-region sale (窜货): goods are delivered into a region that another partner holds alone.

A region nobody holds is no conflict; it is an opening (`benign`). A sale the customer asked for is for information only.
"""

from decimal import Decimal

from hub.conflicts.rule import Lever, Rule, Text

cross_region_sale = Rule(
    name="cross_region_sale",
    title_en="Potential out-of-territory sale – please review",
    title_zh="疑似跨区域销售,请核实",
    says={
        "": Text(
            en="{accused} delivered {net_units} units of {base_sku} (order {order}, line {line}, {event_day}) to {ship_to}, "
            "where {holder} holds {product_group} alone.",
            zh="{accused} 于 {event_day} 将 {net_units} 件 {base_sku}(订单 {order} 第 {line} 行)发往 {ship_to},"
            "该区域 {product_group} 由 {holder} 独家经营。",
        ),
        "benign": Text(
            en="{accused} delivered {net_units} units of {base_sku} (order {order}, line {line}, {event_day}) to {ship_to}, "
            "where nobody holds {product_group}.",
            zh="{accused} 于 {event_day} 将 {net_units} 件 {base_sku}(订单 {order} 第 {line} 行)发往 {ship_to},"
            "该区域 {product_group} 尚无授权方。",
        ),
        "passive_info": Text(
            en="{accused} delivered {net_units} units of {base_sku} (order {order}, line {line}, {event_day}) to {ship_to}, "
            "held by {holder}; the order counts as the customer's own initiative.",
            zh="{accused} 于 {event_day} 将 {net_units} 件 {base_sku}(订单 {order} 第 {line} 行)发往 {holder} 经营的 {ship_to},"
            "视为客户主动下单。",
        ),
    },
    key=("source", "order_id", "line_no", "holder"),
    full=frozenset({"suspected"}),
    needs=(frozenset({"sales_order"}), frozenset({"territory_grant"})),
    thresholds={
        "border_units": Decimal(12),
        "price_tol": Decimal("0.01"),
        "min_units": Decimal(12),
        "min_share": Decimal("0.01"),
        "alert_min_events": Decimal(2),
        "alert_window_days": Decimal(90),
    },
    levers={"border": Lever(threshold="border_units", field="group_units")},
    reach=("places", "quiet", "weigh_quiet", "reach", "keys"),
    everything=("all_places", "quiet", "weigh_quiet", "all_keys"),
    steps=(
        "cells", "pick", "sales", "number", "spots", "seats", "territory", "binding", "weigh", "close_entitled", "rows",
        "questions", "prices", "limit_questions", "limits", "homes", "own_grants", "borders",
        "cell_facts", "grant_lists", "ruler_lists", "weigh_rows", "verdicts", "judge",
    ),
)  # fmt: skip
