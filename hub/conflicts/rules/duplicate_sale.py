"""Sale told twice (重复销售): a line that an earlier order already has, by serial, by invoice or by everything one can see.

Genuine repeat orders look like the last of these, so it is information only. Nothing is removed: a person is shown both.
"""

from hub.conflicts.rule import Rule, Text

duplicate_sale = Rule(
    name="duplicate_sale",
    title_en="Possible duplicate sale",
    title_zh="疑似重复销售记录",
    says={
        "": Text(
            en="Order {order}, line {line} of {accused} ({event_day}, {units} units of {base_sku}) looks like order "
            "{kept_order}, line {kept_line} of {kept_seller}, which came first: same {equal_fields}.",
            zh="{accused} 的订单 {order} 第 {line} 行({event_day},{base_sku} {units} 件)与 {kept_seller} 较早的订单 "
            "{kept_order} 第 {kept_line} 行相同:{equal_fields}。",
        ),
        "serial": Text(
            en="Order {order}, line {line} of {accused} ({event_day}, {base_sku}) lists serials that order {kept_order}, line "
            "{kept_line} of {kept_seller} already sold: {shared_serials}.",
            zh="{accused} 的订单 {order} 第 {line} 行({event_day},{base_sku})所列序列号已由 {kept_seller} 的订单 {kept_order} "
            "第 {kept_line} 行售出:{shared_serials}。",
        ),
    },
    key=("source", "order_id", "line_no"),
    full=frozenset({"serial", "exact", "cross_partner"}),
    needs=(frozenset({"sales_order"}),),
    reach=("mine", "weigh_mine", "pairs", "keys"),
    everything=("all_mine", "weigh_mine", "pairs", "all_keys"),
    steps=("forget", "theirs", "weigh_mine", "pairs", "pick", "sales", "serials", "weigh", "judge"),
)
