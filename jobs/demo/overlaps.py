"""Planted grants that contradict each other, and grants that only look so."""

from datetime import timedelta

from jobs.demo.atlas import RESERVED_GROUP
from jobs.demo.world import Maker, Plant

RULE = "territory_overlap"


def plant_overlaps(maker: Maker) -> None:
    """Pairs of grants that contradict each other, and pairs that only look so."""
    world, (first, second, third) = maker.world, maker.world.months
    held = {(grant.partner, grant.region, grant.product_group): grant.grant_id for grant in world.grants}

    def pair(one: str, other: str, expect: str, story: str) -> None:
        left, right = sorted((one, other))
        parts = ("brand", left, "brand", right)
        world.plants.append(Plant(RULE, parts, expect, story, full=expect == "overlap"))

    peach = maker.grant("US-PEACH", "US-GA", since=second)
    pair(held["US-SUNBELT", "US-GA", "*"], peach, "overlap", "one state, two exclusive partners since the second month")
    one = maker.grant("JS-SUYUAN", "CN-AH", product_group="valves", contract=False)
    other = maker.grant("ZJ-ZHEDA", "CN-AH", product_group="valves", since=first, until=third, contract=False)
    pair(one, other, "overlap", "one province and group, two exclusive partners for two months")
    one = maker.grant("HE-YANZHAO", "CN-HE", product_group="filters", segment="municipal", exclusivity="sole")
    other = maker.grant("SD-QILU", "CN-HE", product_group="filters", segment="municipal", exclusivity="non_exclusive")
    pair(one, other, "overlap", "sole for one, open for another")
    pair(held["HE-YANZHAO", "CN-HE", "*"], other, "nested", "a group and segment within another's province")
    bay = maker.grant("US-BAYAREA", "US-CA-SF")
    pair(held["US-PACIFIC", "US-CA", "*"], bay, "nested", "a city within another's state")
    clinic = maker.grant("US-CLINIC", "US-IL", product_group="sensors", segment="hospital")
    pair(held["US-LAKES", "US-IL", "*"], clinic, "nested", "a segment within another's state")
    one, other = maker.grant("DE-NORD", "DE"), maker.grant("DE-SUED", "DE")
    pair(one, other, "shared", "the EU lets few partners share a territory")
    # None of these is a pair: an overlap long past, and two grants within one line of the tree.
    past = maker.since + timedelta(days=120)
    maker.grant("US-OHIOVAL", "US-AK", until=past)
    maker.grant("US-LAKES", "US-AK", until=past)
    maker.grant("US-HARBOR", "US-CA-LA", product_group=RESERVED_GROUP)
