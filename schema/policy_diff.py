"""PolicyDiff: what holds on one day against what holds on another, noun by noun."""

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any

import strawberry

from schema.compiler.catalog import Arguments, Given, argument, column, declared, one, pages, table, taking, values
from schema.directives import Cost
from schema.errors import bad_input
from schema.paging import Connection
from schema.policy_version import PolicyChange, PolicyVersion
from schema.price_policy import PricePolicy
from schema.promotion import Promotion
from schema.territory import BY_START, TerritoryGrant
from schema.unit_mapping import UnitMapping

LATER = "hub_holds({valid_from}, {valid_to}, {up.to_day})"
LIVE = "{deleted_at} IS NULL"
BEFORE = "What held on `fromDay`; null when nothing did, or hidden from the caller."
AFTER = "What holds on `toDay`; null when nothing does, or hidden from the caller."
# Where a row comes from is not for everybody; the row itself says so to those who may know.
WORDS = "{path} NOT IN ('source', 'key')"
FIELDS = "Its fields, those that changed alone where one row took the place of another; by name."


def twin(name: str) -> str:
    """Return what a row of a noun took the place of, or what took its place."""
    return f"hub_{name}_twin({{id}}, {{up.from_day}}, {{up.to_day}})"


def over(template: str) -> str:
    """Return a template over the row that one hangs from."""
    return template.replace("{", "{up.")


def differs(name: str) -> str:
    """Return which rows stand for a difference: those that began or changed, and those that ended without a successor."""
    earlier = "hub_holds({valid_from}, {valid_to}, {up.from_day})"
    return f"{LATER} <> {earlier} AND ({LATER} OR {twin(name)} IS NULL)"


def change(name: str) -> Any:
    """Declare what became of a row."""
    sql = f"CASE WHEN NOT {LATER} THEN 'ended' WHEN {twin(name)} IS NULL THEN 'began' ELSE 'changed' END"
    return column(sql, "What became of it.", always=True)


def before(name: str) -> Any:
    """Declare the row of the earlier day."""
    return one(f"{{id}} = CASE WHEN {over(LATER)} THEN {over(twin(name))} ELSE {{up.id}} END", BEFORE)


def after() -> Any:
    """Declare the row of the later day."""
    return one(f"{{id}} = {{up.id}} AND {over(LATER)}", AFTER)


def fields(name: str, noun: str) -> Any:
    """Declare what is otherwise, in words."""
    was = f"hub_policy_said('{noun}', CASE WHEN {over(LATER)} THEN {over(twin(name))} ELSE {{up.id}} END)"
    now = f"hub_policy_said('{noun}', CASE WHEN {over(LATER)} THEN {{up.id}} END)"
    return values(f"hub_policy_changes({was}, {now}) AS {{row}}", FIELDS, order='{path} COLLATE "C"', where=WORDS)


@strawberry.enum(description="What became of a row between two days.")
class RowChange(Enum):
    BEGAN = strawberry.enum_value("began", description="Holds on the later day alone.")
    ENDED = strawberry.enum_value("ended", description="Held on the earlier day alone.")
    CHANGED = strawberry.enum_value("changed", description="Took the place of another row about the same.")


@strawberry.type(description="One field of a row on two days, with codes for what it refers to.")
class FieldDiff:
    field: str = column("path", "Name: `unit_price`, `partner`, `valid_to`.", always=True)
    before: str | None = column("{value_before} #>> '{{}}'", "Value on the earlier day; null = none.")
    after: str | None = column("{value_after} #>> '{{}}'", "Value on the later day; null = none.")


@table("policy_version")
@strawberry.type(description="Another version of the policy on the later day.")
class PolicyVersionDiff:
    before: PolicyVersion | None = one("{id} = hub_policy_on({up.up.from_day})", "Version that holds on `fromDay`.")
    after: PolicyVersion | None = one("{id} = {up.id}", "Version that holds on `toDay`.")
    changes: list[PolicyChange] = values(
        "hub_policy_shift({up.up.from_day}, {up.up.to_day}) AS {row}", "What they say differently.", order='{path} COLLATE "C"'
    )


@table("territory_grant", live=LIVE, sorts=BY_START)
@strawberry.type(
    description="A grant that holds on one of two days alone. Those of one source are about the same when partner, "
    "region, product group and segment are."
)
class TerritoryGrantDiff:
    change: RowChange = change("grant")
    before: TerritoryGrant | None = before("grant")
    after: TerritoryGrant | None = after()
    fields: list[FieldDiff] = fields("grant", "territory_grant")


@table("price_policy", live=LIVE, sorts=BY_START)
@strawberry.type(
    description="A price that holds on one of two days alone. Those of one source are about the same when kind, "
    "product, region, channel and smallest quantity are."
)
class PricePolicyDiff:
    change: RowChange = change("price")
    before: PricePolicy | None = before("price")
    after: PricePolicy | None = after()
    fields: list[FieldDiff] = fields("price", "price_policy")


@table("promotion", live=LIVE, sorts=BY_START)
@strawberry.type(
    description="A promotion that holds on one of two days alone. Those of one source are about the same when name, "
    "product, product group, region, channel and partner are."
)
class PromotionDiff:
    change: RowChange = change("promotion")
    before: Promotion | None = before("promotion")
    after: Promotion | None = after()
    fields: list[FieldDiff] = fields("promotion", "promotion")


NEWEST_FIRST = [("VALID_FROM", True)]


@strawberry.type(
    description="What holds on one day against what holds on another, both read from the records as they are known now: a row "
    "that was corrected since holds, corrected, on both days, and one that was deleted since on neither."
)
class PolicyDiff:
    from_day: date = column("from_day", "Earlier day.", always=True)
    to_day: date = column("to_day", "Later day.", always=True)
    policy_version: PolicyVersionDiff | None = one(
        "{id} = hub_policy_on({up.to_day}) AND {id} <> hub_policy_on({up.from_day})",
        "The version of the policy; null when the same one holds on both days, or hidden from the caller.",
    )
    territory_grants: Connection[TerritoryGrantDiff] = pages(
        "Territory grants, newest `validFrom` first.", NEWEST_FIRST, join=differs("grant")
    )
    price_policies: Connection[PricePolicyDiff] = pages(
        "Price policies, newest `validFrom` first.", NEWEST_FIRST, join=differs("price")
    )
    promotions: Connection[PromotionDiff] = pages(
        "Promotions, newest `validFrom` first.", NEWEST_FIRST, join=differs("promotion")
    )
    unit_mappings: Connection[UnitMapping] = pages(
        "Unit mappings accepted after `fromDay` up to `toDay`, newest proposal first; one that was taken back is gone.",
        [("PROPOSED_AT", True)],
        join="{state} = 'accepted' AND hub_day_by_policy({accepted_at}, {up.to_day}) > {up.from_day} "
        "AND hub_day_by_policy({accepted_at}, {up.to_day}) <= {up.to_day}",
    )


def in_order(given: Mapping[str, Any]) -> None:
    """Refuse two days the wrong way round."""
    if given["toDay"] < given["fromDay"]:
        raise bad_input("`toDay` lies before `fromDay`; turn the two days round.", field="toDay")


@strawberry.type
class PolicyDiffQuery:
    policy_diff: PolicyDiff | None = taking(
        declared(
            "What began, ended or changed between two days among versions of the policy, grants, prices, promotions and unit "
            "mappings, of the rows the caller may see.",
            Arguments({"from_day": Given("fromDay", "date"), "to_day": Given("toDay", "date")}, check=in_order),
            directives=[Cost(weight="10")],
        ),
        argument("from_day", date, "Earlier day."),
        argument("to_day", date, "Later day."),
    )
