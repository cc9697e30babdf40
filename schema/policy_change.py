"""What a caller would have the policy say otherwise, as it is tried by a backtest and published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec
import strawberry

from hub.clock import now
from hub.conflicts.next_policy import alone, base, following
from hub.conflicts.policy import Version
from hub.conflicts.threshold import Threshold
from hub.errors import Declined, Unfit
from hub.intake.entry import SOURCE, enter
from hub.records import PolicyVersion
from hub.store.database import Connection
from schema.context import RequestContext
from schema.errors import ErrorCode
from schema.scalars import RegionCode, RuleId
from schema.user_error import Refusal, StaleVersion, invalid, refusing, unfit
from schema.where import asked, given

STREAM = "policy"
MOST_CHANGES = 1_000
LONGEST_GROUP = 128


@strawberry.input(description="A number a rule compares with.")
class ThresholdInput:
    rule_id: RuleId = strawberry.field(description="Rule.")
    name: str = strawberry.field(description="Name of the number within the rule.")
    value: Decimal = strawberry.field(description="Value in the unit the rule declares.")
    product_group: str | None = asked("Product group; null = all.")
    region: RegionCode | None = asked("Region, with all below it; null = everywhere.")


@strawberry.input(description="One change of policy. Exactly one field.", one_of=True)
class PolicyChangeInput:
    threshold: ThresholdInput | None = asked("Set a threshold.")


async def draft_of(
    context: RequestContext, connection: Connection, changes: list[PolicyChangeInput], from_day: date, to_day: date
) -> dict[str, str]:
    """Return changes as the policy.toml they make of the version that holds on the last day."""
    thresholds = await said_otherwise(connection, changes)
    version = await base(connection, to_day)
    if version is None:
        raise said("changes", "no_policy")
    _, text = redrafted(context, await following(connection, version, from_day), thresholds)
    return {"policy.toml": text}


async def entered_source(context: RequestContext) -> int:
    """Return the source that holds what people enter."""
    assert context.jobs is not None
    try:
        return await context.jobs.sheet_source(SOURCE)
    except Declined as error:
        en, zh = SENTENCES["no_source"]
        raise refusing(ErrorCode.SOURCE_UNAVAILABLE, en, zh, "changes") from error


@dataclass(frozen=True)
class NextVersion:
    """The version that changes are to make of the one the caller built on."""

    changes: list[PolicyChangeInput]
    effective_from: date
    expected: int
    source_id: int

    @property
    def words(self) -> dict[str, object]:
        """Return what another request with the same key is compared with."""
        return {"changes": words_of(self.changes), "from": self.effective_from, "expected": self.expected}

    async def land(self, context: RequestContext, connection: Connection) -> int:
        """Store the version as proposed and return its id."""
        await alone(connection)
        version = await self.built_on(connection)
        thresholds = await said_otherwise(connection, self.changes)
        record, text = redrafted(context, await following(connection, version, self.effective_from), thresholds)
        written = msgspec.json.encode({"toml": text})
        return await enter(connection, self.source_id, STREAM, record, {}, now(), written)

    async def built_on(self, connection: Connection) -> Version:
        """Return the version that begins last, if it is the one the caller read."""
        version = await base(connection)
        if version is None:
            raise said("changes", "no_policy")
        if version.number != self.expected:
            en, zh = SENTENCES["stale"]
            stale = StaleVersion(
                code=ErrorCode.STALE_VERSION,
                en=en,
                zh=zh,
                path=["input", "expectedVersion"],
                current_version=version.number,
            )
            raise Refusal(stale)
        if self.effective_from < version.valid_from:
            raise said("effectiveFrom", "before_base")
        return version


async def said_otherwise(connection: Connection, changes: list[PolicyChangeInput]) -> list[Threshold]:
    """Return the thresholds that changes set."""
    if not 1 <= len(changes) <= MOST_CHANGES:
        raise said("changes", "number")
    thresholds = [threshold_of(change) for change in changes]
    codes = sorted({one.region for one in thresholds if one.region is not None})
    rows = await connection.fetch("SELECT code FROM region WHERE code = ANY ($1) AND deleted_at IS NULL", codes)
    known = {row["code"] for row in rows}
    for place, one in enumerate(thresholds):
        if one.region is not None and one.region not in known:
            raise said("changes", "unknown_region", str(place), "threshold", "region")
        if one.product_group is not None and not 1 <= len(one.product_group.strip()) <= LONGEST_GROUP:
            raise said("changes", "not_a_code", str(place), "threshold", "productGroup")
    return thresholds


def threshold_of(change: PolicyChangeInput) -> Threshold:
    """Return the threshold that a change sets."""
    one = change.threshold
    assert one is not None
    region = given(one.region)
    return Threshold(
        rule=str(one.rule_id),
        name=one.name,
        value=one.value,
        product_group=given(one.product_group),
        region=None if region is None else str(region),
    )


def redrafted(context: RequestContext, version: PolicyVersion, thresholds: list[Threshold]) -> tuple[PolicyVersion, str]:
    """Return a version with some thresholds said otherwise, and the policy.toml that says so."""
    assert context.desk is not None
    try:
        return context.desk.redrafted(version, thresholds)
    except Unfit as error:
        raise unfit(error) from error


def words_of(changes: list[PolicyChangeInput] | None) -> list[list[str | None]] | None:
    """Return changes as what was asked is compared with what was asked before."""
    if changes is None:
        return None
    found = [threshold_of(change) for change in changes]
    return [[one.rule, one.name, str(one.value), one.product_group, one.region] for one in found]


# What is said of a refusal, in English and Chinese.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "number": ("A draft has 1 to 1,000 changes.", "更改的数量为 1 至 1,000。"),
    "unknown_region": ("There is no such region.", "没有此区域。"),
    "not_a_code": ("A product group has 1 to 128 characters.", "产品组为 1 至 128 个字符。"),
    "files_or_changes": ("Give `files` or `changes`, one of the two.", "请只给出 `files` 或 `changes` 之一。"),
    "version_or_changes": (
        "Give `policyVersionId`, or `changes` with `effectiveFrom` and `expectedVersion`, one of the two.",
        "请给出 `policyVersionId`，或给出 `changes` 及 `effectiveFrom` 和 `expectedVersion`，二者只取其一。",
    ),
    "before_base": (
        "The version it is built on begins later; choose that day or a later one.",
        "所依据的版本开始得更晚；请选择该日或之后的日期。",
    ),
    "stale": ("Another version was published since.", "此后已有另一版本发布。"),
    "no_source": (
        "The source `entered`, which holds what people enter, cannot be used now.",
        "保存人工录入内容的数据源 `entered` 目前不可用。",
    ),
    "no_policy": (
        "No version of the policy is published that a change could build on; import a policy.toml first.",
        "尚无已发布的政策版本可供更改；请先导入 policy.toml。",
    ),
}


def said(field: str, rule: str, *below: str) -> Refusal:
    """Return a refusal by the sentences above."""
    en, zh = SENTENCES[rule]
    return invalid(field, rule, en, zh, ErrorCode.VALIDATION_FAILED, *below)
