"""Unknown seller: a public shop that neither the source nor a confirmed name ties to a partner.

It says nothing about the goods or the price; somebody looks who it is, and the answer is an alias.
"""

from decimal import Decimal

from hub.conflicts.rule import Rule, Text

unknown_seller = Rule(
    name="unknown_seller",
    title_en="Seller not matched to a known partner",
    title_zh="未识别的卖家",
    says={
        "": Text(
            en="{seller} on {channel} is tied to no partner: {offers} offers were seen from {first_seen} to {last_seen}.",
            zh="{channel} 上的卖家 {seller} 未与任何合作伙伴对应:自 {first_seen} 至 {last_seen} 共监测到 {offers} 条报价。",
        ),
        "reviewed": Text(
            en="{seller} on {channel} was reviewed and is no partner: {offers} offers were seen from {first_seen} to "
            "{last_seen}.",
            zh="{channel} 上的卖家 {seller} 经核对并非合作伙伴:自 {first_seen} 至 {last_seen} 共监测到 {offers} 条报价。",
        ),
    },
    key=("seller_key", "channel"),
    full=frozenset({"unmatched"}),
    needs=(frozenset({"offer"}),),
    thresholds={"window_days": Decimal(90)},
    steps=("pairs", "sightings", "limit_questions", "limits", "keep_recent", "weigh", "neighbours", "judge"),
)
