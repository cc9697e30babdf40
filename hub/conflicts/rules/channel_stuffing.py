"""Channel stuffing: a partner takes in far more than it sells, or takes it in at the very end of the quarter.

The pressure may come from whoever sells to it, so the partner is the affected one and nobody is named as the subject.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

channel_stuffing = Rule(
    name="channel_stuffing",
    title_en="Purchases well above sell-out",
    title_zh="进货明显高于动销",
    says={
        "": Text(
            en="{victim} took in {sell_in} units of {base_sku} in {month} and sold {sell_out}; the {closing} left last "
            "{months_of_stock} months at {base_out} a month.",
            zh="{victim} 于 {month} 进货 {base_sku} {sell_in} 件、售出 {sell_out} 件;期末 {closing} 件,"
            "按每月 {base_out} 件可售 {months_of_stock} 个月。",
        ),
        "promo_preload": Text(
            en="{victim} took in {sell_in} units of {base_sku} in {month} and sold {sell_out}; promotion {promotion} starts on "
            "{promotion_from}.",
            zh="{victim} 于 {month} 进货 {base_sku} {sell_in} 件、售出 {sell_out} 件;促销 {promotion} 将于 "
            "{promotion_from} 开始。",
        ),
        "price_buy_ahead": Text(
            en="{victim} took in {sell_in} units of {base_sku} in {month} and sold {sell_out}; the {price_kind} price rises "
            "from {price_before} to {price_after} on {price_from}.",
            zh="{victim} 于 {month} 进货 {base_sku} {sell_in} 件、售出 {sell_out} 件;{price_kind} 价自 {price_from} 起由 "
            "{price_before} 调整为 {price_after}。",
        ),
        "launch": Text(
            en="{victim} took in {sell_in} units of {base_sku} in {month} and sold {sell_out}; the article was launched on "
            "{launched_on}.",
            zh="{victim} 于 {month} 进货 {base_sku} {sell_in} 件、售出 {sell_out} 件;该产品于 {launched_on} 上市。",
        ),
        "quarter_end": Text(
            en="{victim} bought {late_units} of the quarter's {quarter_units} units of {base_sku} in its last seven days "
            "(quarter ending {month}); half of its earlier quarters stay below a share of {usual_share}.",
            zh="{victim} 在截至 {month} 的季度最后七天购入 {base_sku} {late_units} 件,占全季 {quarter_units} 件的 {late_share};"
            "此前各季度占比的中位数为 {usual_share}。",
        ),
    },
    key=("partner", "base_sku", "month", "check"),
    full=frozenset({"load"}),
    needs=(frozenset({"inventory_month", "sales_order"}),),
    thresholds={
        "ratio": Decimal("2.0"),
        "months": Decimal("3.0"),
        "history": Decimal(6),
        "min_history": Decimal(2),
        "quarter_end_share": Decimal("0.28"),
    },
    reach=("buyers", "weigh_buyers", "bought", "keys"),
    everything=("all_bought", "all_keys"),
    steps=(
        "pairs", "months", "quarters", "limit_places", "limits", "weigh", "loads", "moves", "questions", "prices",
        "promotions_asked", "ahead", "rushes", "judge",
    ),
)  # fmt: skip
