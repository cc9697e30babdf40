"""PolicyVersion (政策版本): thresholds and profiles that hold from a day on, and the word of those who publish them."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

import strawberry

from hub.clock import now
from hub.conflicts.publication import publish
from hub.errors import Declined
from schema.auth.roles import demand
from schema.compiler.catalog import Sort, Values, column, declared, one, pages, table, values
from schema.compiler.door import read_row
from schema.compiler.follow import read_seen
from schema.context import RequestContext
from schema.directives import Cost, ListSize
from schema.errors import ErrorCode
from schema.node import GLOBAL_ID, Actor, Node
from schema.once import once
from schema.paging import Connection
from schema.policy_change import NextVersion, PolicyChangeInput, entered_source, said
from schema.region import Region
from schema.scalars import CurrencyCode, RuleId
from schema.sync_request import KEY
from schema.user_error import Refusal, UserError, checked_id, invalid, not_found, refusing
from schema.where import Choice, asked, given, where

Info = strawberry.Info[RequestContext, None]
LONGEST_NOTE = 10_000


@strawberry.enum(description="Whether a version of the policy holds.")
class PolicyVersionState(Enum):
    PROPOSED = strawberry.enum_value("proposed", description="Waits for the people who have to agree.")
    PUBLISHED = strawberry.enum_value("published", description="Holds from `effectiveFrom` on, and is never edited.")


@strawberry.type(description="One value that a version of the policy says otherwise.")
class PolicyChange:
    path: str = column("path", "Where it stands: `thresholds.cross_region_sale.min_units`.", always=True)
    before: str | None = column("trim(BOTH '\"' FROM {value_before}::text)", "What stood there; null = the default.")
    after: str | None = column("trim(BOTH '\"' FROM {value_after}::text)", "What stands there; null = the default.")


# What a version says of a rule's numbers, else what is built in; then what it says otherwise for a place or a group.
THRESHOLDS = (
    "(SELECT rule.id AS rule_id, usual.key AS name, said.place, said.region, said.product_group, said.value::numeric AS value "
    "FROM jsonb_to_recordset({rules}) AS rule (id text, thresholds jsonb) "
    "CROSS JOIN jsonb_each_text(rule.thresholds) AS usual CROSS JOIN LATERAL ("
    "SELECT 0 AS place, NULL AS region, NULL AS product_group, "
    "coalesce({up.body} #>> ARRAY['thresholds', rule.id, usual.key], usual.value) AS value UNION ALL "
    "SELECT one.place, one.override ->> 'region', one.override ->> 'product_group', one.override ->> usual.key "
    "FROM jsonb_array_elements({up.body} -> 'override') WITH ORDINALITY AS one (override, place) "
    "WHERE one.override ->> 'rule' = rule.id AND one.override ? usual.key) AS said) AS {row}"
)


@strawberry.type(description="One number a rule compares with.")
class Threshold:
    rule_id: RuleId = column("rule_id", "Rule.", always=True)
    name: str = column("name", "Name of the number within the rule: `border_units`.", always=True)
    value: Decimal = column("value", "Value.", always=True)
    product_group: str | None = column("product_group", "Product group it holds for; null = all.")
    region: Region | None = one("{code} = {up.region}", "Region it holds for, with all below it; null = everywhere.")


@table("policy_version", live="{deleted_at} IS NULL", sorts={"NUMBER": Sort("version", "int")})
@strawberry.type(description="One version of the policy: thresholds, jurisdiction profiles, weights and limits.")
class PolicyVersion(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    number: int = column("version", "Number, as its file says.")
    state: PolicyVersionState = column("state", "Whether it holds.")
    effective_from: date = column("effective_from", "First day on which it holds.")
    base_currency: CurrencyCode = column("base_currency", "Currency that findings are valued in.")
    time_zone: str = column("timezone", "Time zone of business days, IANA name.")
    loosens: list[str] = column("loosens", "What it allows that was not allowed before, place by place.")
    note: str | None = column("note", "Why, as its proposer wrote it.")
    proposed_by: Actor | None = one("proposed_by", "Who proposed to publish it; null while nobody has, or nobody had to.")
    proposed_at: datetime | None = column("proposed_at", "When that was.")
    published_by: Actor | None = one("published_by", "Who published it; null when its file did, where nobody had to agree.")
    published_at: datetime | None = column("published_at", "When it was published; null until then.")
    changes: list[PolicyChange] = values(
        "hub_policy_step({up.id}) AS {row}",
        "What it says otherwise than the published version with the next lower number; the first differs from nothing.",
        order="{path}",
    )
    thresholds: list[Threshold] = declared(
        "Thresholds of the rules: of each what holds in general, and then what holds for a region or product group.",
        Values(THRESHOLDS, order="{rule_id}, {name}, {place}"),
        directives=[ListSize(assumed_size=100)],
    )


@strawberry.input(description="Conditions on PolicyVersionState.")
class PolicyVersionStateFilter(Choice[PolicyVersionState]):
    pass


@strawberry.input(description="Which versions of the policy.")
class PolicyVersionFilter:
    state: PolicyVersionStateFilter | None = where("state", "State.")


@strawberry.type
class PolicyVersionQuery:
    policy_versions: Connection[PolicyVersion] | None = pages(
        "Versions of the policy. Default order: highest number first.", [("NUMBER", True)], filter=PolicyVersionFilter | None
    )


@strawberry.input(description="A version to publish: one that is proposed, or one that changes make.")
class PublishPolicyInput:
    policy_version_id: strawberry.ID | None = asked("Proposed version; this or `changes`.")
    changes: list[PolicyChangeInput] | None = asked(
        "Changes, 1..1,000, to the published version that begins last; they make a version with the next number. ADMIN."
    )
    effective_from: date | None = asked("First day on which the changes hold; required with `changes`.")
    expected_version: int | None = asked(
        "Number of the version the caller built on; required with `changes`, refused when another was published since."
    )
    note: str | None = asked("Why, at most 10,000 characters; required where a profile is loosened.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="Answer of `publishPolicy`.")
class PublishPolicyPayload:
    version_id: strawberry.Private[int | None]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(
        description="The version as it is now: still PROPOSED when a second person has to agree. Null when nothing was done."
    )
    async def policy_version(self, info: Info) -> PolicyVersion | None:
        if self.version_id is None:
            return None
        return await read_row(info, "PolicyVersion", self.version_id)  # type: ignore[return-value]


@strawberry.type
class PolicyMutation:
    @strawberry.mutation(
        description="Publishes a version of the policy in the caller's name: a proposed one, or one that changes make. "
        "Where two people are needed the first call proposes and that of another person publishes; what loosens a profile "
        "needs two ADMINs. ADMIN; to agree as the second person also CHANNEL_MANAGER.",
        directives=[Cost(weight="50")],
    )
    async def publish_policy(
        self, info: Info, input: Annotated[PublishPolicyInput, strawberry.argument(description="What to do.")]
    ) -> PublishPolicyPayload | None:
        demand(info.context.viewer, "publishPolicy")
        try:
            return PublishPolicyPayload(version_id=await published(info, input), user_errors=[])
        except Refusal as refusal:
            return PublishPolicyPayload(version_id=None, user_errors=[refusal.error])


async def published(info: Info, input: PublishPolicyInput) -> int:
    """Give the caller's word for a version and return its id."""
    context = info.context
    note = given(input.note)
    if note is not None and len(note) > LONGEST_NOTE:
        raise invalid(
            "note", "length", f"A note has at most {LONGEST_NOTE:,} characters.", f"说明最多 {LONGEST_NOTE:,} 个字符。"
        )
    version_id, plan = await version_or_plan(info, input)
    user_id = context.viewer.user_id
    if user_id is None:
        raise refusing(
            ErrorCode.POLICY_DENIED,
            "A version is published by a named user; call with a token that belongs to one.",
            "政策版本须由具名用户发布；请使用属于用户的令牌调用。",
        )
    words = {"version": version_id, "note": note} | ({} if plan is None else plan.words)
    async with once(context, "publishPolicy", input.idempotency_key, words) as turn:
        if turn.fresh:
            if plan is not None:
                version_id = await plan.land(context, turn.connection)
            assert version_id is not None
            turn.answer["version"] = version_id
            try:
                await publish(turn.connection, version_id, user_id, at=now(), note=note, two_person=context.settings.two_person)
            except Declined as error:
                field = "policyVersionId" if plan is None else "changes"
                raise refusing(ErrorCode.POLICY_DENIED, str(error), error.zh, field) from error
    if turn.fresh and context.jobs is not None:
        await context.jobs.defer_detect()
    return int(turn.answer["version"])


async def version_or_plan(info: Info, input: PublishPolicyInput) -> tuple[int | None, NextVersion | None]:
    """Return the version that is meant, or what is to make one."""
    changes, text = given(input.changes), given(input.policy_version_id)
    day, expected = given(input.effective_from), given(input.expected_version)
    if text is None and changes is not None and day is not None and expected is not None:
        return None, NextVersion(changes, day, expected, await entered_source(info.context))
    if text is None or any(one is not None for one in (changes, day, expected)):
        raise said("changes", "version_or_changes")
    version_id = checked_id("policyVersionId", text, "PolicyVersion")
    if not await read_seen(info._raw_info, "PolicyVersion", [version_id]):
        raise not_found("policyVersionId", "PolicyVersion")
    return version_id, None
