"""Territory overlap: two grants give two partners the same ground at the same time, at least one of them alone.

Where one ground lies inside the other it is read as a carve-out (`nested`); a person confirms that it is meant.
"""

from hub.conflicts.rule import Rule, Text

territory_overlap = Rule(
    name="territory_overlap",
    title_en="Territory grants overlap",
    title_zh="区域授权重叠",
    says={
        "": Text(
            en="Grant {grant_a} of {partner_a} and grant {grant_b} of {partner_b} both give {region} for {product_group} "
            "from {shared_from} to {shared_to}.",
            zh="{partner_a} 的授权 {grant_a} 与 {partner_b} 的授权 {grant_b} 自 {shared_from} 至 {shared_to} 同时覆盖 {region}"
            "({product_group})。",
        ),
        "nested": Text(
            en="Grant {grant_a} of {partner_a} and grant {grant_b} of {partner_b} meet in {region} for {product_group} "
            "from {shared_from} to {shared_to}: one lies inside the other.",
            zh="{partner_a} 的授权 {grant_a} 与 {partner_b} 的授权 {grant_b} 自 {shared_from} 至 {shared_to} 在 {region}"
            "({product_group})相互嵌套。",
        ),
    },
    key=("source_a", "grant_a", "source_b", "grant_b"),
    full=frozenset({"overlap"}),
    needs=(frozenset({"territory_grant"}),),
    # The evidence counts the sales that rule holds back for want of a clear territory.
    after=frozenset({"cross_region_sale"}),
)
