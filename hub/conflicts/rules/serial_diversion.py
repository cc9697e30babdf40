"""Serial diversion (窜货追码): numbered goods shipped to one partner are scanned where another partner holds alone.

A single scan proves little, for people travel; a finding needs several serials, or a good part of a lot.
"""

from decimal import Decimal

from hub.conflicts.rule import Lever, Rule, Text

serial_diversion = Rule(
    name="serial_diversion",
    title_en="Serials seen outside the delivery territory",
    title_zh="序列号出现在发货区域之外",
    says={
        "": Text(
            en="{serial_count} serials of {base_sku} shipped to {accused} (lot {lot}) were scanned in {region} from "
            "{event_day} on, where {victim} holds {product_group} alone.",
            zh="发往 {accused} 的 {base_sku}(批次 {lot})有 {serial_count} 个序列号自 {event_day} 起在 {region} 被扫描,"
            "该区域 {product_group} 由 {victim} 独家经营。",
        ),
        "benign": Text(
            en="{serial_count} serials of {base_sku} shipped to {accused} (lot {lot}) were scanned in {region} from "
            "{event_day} on, where nobody holds {product_group} alone.",
            zh="发往 {accused} 的 {base_sku}(批次 {lot})有 {serial_count} 个序列号自 {event_day} 起在 {region} 被扫描,"
            "该区域 {product_group} 尚无独家经营方。",
        ),
    },
    key=("partner", "base_sku", "region", "lot", "month"),
    full=frozenset({"suspected"}),
    needs=(frozenset({"serial_event"}),),
    thresholds={
        "min_serials": Decimal(3),
        "min_lot_share": Decimal("0.02"),
        "border_serials": Decimal(5),
        "max_accuracy_km": Decimal(50),
    },
    levers={"border": Lever(threshold="border_serials", field="serial_count")},
    steps=(
        "cells", "serials", "trips", "limit_questions", "limits", "drop_unsure", "grounds", "periods", "spots", "seats",
        "territory", "binding", "weigh", "stray", "lots", "clusters", "questions", "prices", "homes", "borders", "judge",
    ),
)  # fmt: skip
