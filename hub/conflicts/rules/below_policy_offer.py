"""Offer below the reference price (乱价): a public price under the one the policy names, and seen twice in a row.

Seen once it is `unconfirmed`; a price that fits when counted in packs is a mapping to check (`pack_suspect`), not a low price.
In most jurisdictions these are observations that never become cases.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

below_policy_offer = Rule(
    name="below_policy_offer",
    title_en="Observed offer below reference price",
    title_zh="监测到低于参考价的公开报价",
    says={
        "": Text(
            en="{seller} showed {base_sku} on {channel} at {unit_net} a unit ({event_day}), {percent_below} % below the "
            "{reference_kind} price of {reference}.",
            zh="{seller} 在 {channel} 展示的 {base_sku} 单价为 {unit_net}({event_day}),比 {reference_kind} 价 {reference} "
            "低 {percent_below}%。",
        ),
        "pack_suspect": Text(
            en="{seller} showed {base_sku} on {channel} at {unit_net} a unit ({event_day}); the usual price differs by factor "
            "{pack_factor}, so the pack may be counted wrongly.",
            zh="{seller} 在 {channel} 展示的 {base_sku} 单价为 {unit_net}({event_day}),与常见价格相差 {pack_factor} 倍,"
            "可能是包装换算问题。",
        ),
    },
    key=("source", "listing_id", "month"),
    full=frozenset({"below_policy"}),
    needs=(frozenset({"offer"}), frozenset({"price_policy"})),
    thresholds={"tol": Decimal("0.01"), "tol_recommended": Decimal("0.10")},
    steps=(
        "listings", "pick", "offers", "questions", "prices", "limit_questions", "limit_places", "limits", "weigh", "views",
        "ground", "peers", "packs", "unpriced", "judge",
    ),
)  # fmt: skip
