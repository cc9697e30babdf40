"""Making and replacing territory grants. What a source says of a grant is changed at that source."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import strawberry

from hub.clock import now
from hub.errors import Declined
from hub.intake.entry import SOURCE, enter
from hub.records import TerritoryGrant as Grant
from hub.records.territory import Exclusivity as Word
from hub.store import audit, bulk
from hub.store.audit import Entry
from hub.store.database import Connection
from hub.store.territory import held, overlapping
from schema.auth.roles import demand
from schema.compiler.door import read_row, read_rows
from schema.compiler.follow import read_seen
from schema.compiler.policy import narrowed
from schema.context import RequestContext
from schema.directives import Cost
from schema.errors import ErrorCode
from schema.once import once
from schema.scalars import RegionCode
from schema.sync_request import KEY
from schema.territory import Exclusivity, TerritoryGrant
from schema.user_error import Refusal, StaleVersion, UserError, checked_id, invalid, refusing
from schema.where import asked, given

Info = strawberry.Info[RequestContext, None]
STREAM = "territory_grants"
# As codes are in sheets.
CODE = re.compile(r"(?!-$)[^\x00-\x1f\x7f|]{1,128}")
WORDS: Mapping[Exclusivity, Word] = {
    Exclusivity.EXCLUSIVE: "exclusive",
    Exclusivity.SOLE: "sole",
    Exclusivity.OPEN: "non_exclusive",
}
FACTS = ("partner", "region", "product_group", "segment", "exclusivity", "valid_from", "valid_to", "contract_ref")


@strawberry.input(description="A grant as it shall be.")
class UpsertTerritoryGrantInput:
    grant_id: strawberry.ID | None = asked(
        "Grant to replace; null = a new one. The old one is ended at `validFrom` of the new one, and is written over when it "
        "does not begin before."
    )
    partner_id: strawberry.ID = strawberry.field(description="Partner.")
    region: RegionCode = strawberry.field(description="Region, with all below it.")
    product_group: str | None = asked("Product group; null = all.")
    segment: str | None = asked("Customer segment; null = all.")
    exclusivity: Exclusivity = strawberry.field(description="Exclusivity.")
    valid_from: date = strawberry.field(description="First day on which it holds.")
    valid_to: date | None = asked("First day on which it no longer holds; null = open-ended.")
    contract_ref: str | None = asked("Contract it stands in.")
    expected_version: int | None = asked("Version the caller read; required with `grantId`.")
    idempotency_key: str = strawberry.field(description=KEY)


@strawberry.type(description="Answer of `upsertTerritoryGrant`.")
class UpsertTerritoryGrantPayload:
    grant_row: strawberry.Private[int | None]
    overlap_rows: strawberry.Private[list[int]]
    user_errors: list[UserError] = strawberry.field(description="Why nothing was done.")

    @strawberry.field(description="The grant; null when nothing was done.")
    async def grant(self, info: Info) -> TerritoryGrant | None:
        if self.grant_row is None:
            return None
        return await read_row(info, "TerritoryGrant", self.grant_row)  # type: ignore[return-value]

    @strawberry.field(
        description="Grants of others, as far as the caller sees them, that overlap it while one of the two is exclusive; at "
        "most 100. A warning: the grant is stored."
    )
    async def overlaps(self, info: Info) -> list[TerritoryGrant]:
        return await read_rows(info, "TerritoryGrant", self.overlap_rows)  # type: ignore[return-value]


@strawberry.type
class TerritoryGrantMutation:
    @strawberry.mutation(
        description="Makes a territory grant, or replaces one that was made so. ADMIN, CHANNEL_MANAGER for its partners.",
        directives=[Cost(weight="10")],
    )
    async def upsert_territory_grant(
        self, info: Info, input: Annotated[UpsertTerritoryGrantInput, strawberry.argument(description="What to do.")]
    ) -> UpsertTerritoryGrantPayload | None:
        demand(info.context.viewer, "upsertTerritoryGrant")
        try:
            grant, overlaps = await granted(info, input)
        except Refusal as refusal:
            return UpsertTerritoryGrantPayload(grant_row=None, overlap_rows=[], user_errors=[refusal.error])
        seen = await read_seen(info._raw_info, "TerritoryGrant", overlaps)
        return UpsertTerritoryGrantPayload(
            grant_row=grant, overlap_rows=[one for one in overlaps if one in seen], user_errors=[]
        )


async def granted(info: Info, input: UpsertTerritoryGrantInput) -> tuple[int, list[int]]:
    """Store a grant, and return it with those it overlaps."""
    context = info.context
    partner_id = await visible(info, "partnerId", input.partner_id, "Partner")
    text = given(input.grant_id)
    old_id = None if text is None else await visible(info, "grantId", text, "TerritoryGrant")
    check(info, input, replaces=old_id is not None)
    words = {
        "grant": old_id, "partner": partner_id, "region": input.region, "group": given(input.product_group),
        "segment": given(input.segment), "exclusivity": input.exclusivity.value, "from": input.valid_from,
        "to": given(input.valid_to), "contract": given(input.contract_ref), "version": given(input.expected_version),
    }  # fmt: skip
    try:
        assert context.jobs is not None
        source_id = await context.jobs.sheet_source(SOURCE)
    except Declined as error:
        raise said("grantId", "no_source", ErrorCode.SOURCE_UNAVAILABLE) from error
    async with once(context, "upsertTerritoryGrant", input.idempotency_key, words) as turn:
        if turn.fresh:
            grant_id = await stored(info, turn.connection, source_id, partner_id, old_id, input)
            turn.answer["grant"] = grant_id
        overlaps = await overlapping(turn.connection, turn.answer["grant"])
    if turn.fresh and context.jobs is not None:
        await context.jobs.defer_detect()
    return int(turn.answer["grant"]), overlaps


async def visible(info: Info, field: str, text: str, kind: str) -> int:
    """Return the id of a row that the caller may see."""
    number = checked_id(field, text, kind)
    if not await read_seen(info._raw_info, kind, [number]):
        raise said(field, "not_found", ErrorCode.NOT_FOUND)
    return number


def check(info: Info, input: UpsertTerritoryGrantInput, *, replaces: bool) -> None:
    """Refuse what can be seen to be wrong without looking anything up."""
    for field, code in (("productGroup", input.product_group), ("segment", input.segment)):
        if given(code) is not None and not CODE.fullmatch(str(code)):
            raise said(field, "not_a_code")
    if len(given(input.contract_ref) or "") > 10_000:
        raise said("contractRef", "length")
    to = given(input.valid_to)
    if to is not None and to <= input.valid_from:
        raise said("validTo", "must_be_after_valid_from")
    if replaces != (given(input.expected_version) is not None):
        raise said("expectedVersion", "goes_with_grant")
    check_group(info, "productGroup", given(input.product_group))


def check_group(info: Info, field: str, product_group: str | None) -> None:
    """Refuse a grant that says more than the product groups of the caller, though the caller may see it."""
    viewer = info.context.viewer
    if narrowed(viewer) and product_group not in viewer.product_groups:
        raise said(field, "not_yours", ErrorCode.POLICY_DENIED)


async def stored(
    info: Info,
    connection: Connection,
    source_id: int,
    partner_id: int,
    old_id: int | None,
    input: UpsertTerritoryGrantInput,
) -> int:
    """Store a grant in place of an older one, or anew, with an entry of the audit log; return its id."""
    at = now()
    region_id = await connection.fetchval("SELECT id FROM region WHERE code = $1 AND deleted_at IS NULL", input.region)
    if region_id is None:
        raise said("region", "unknown_region")
    partner = await connection.fetchval("SELECT code FROM partner WHERE id = $1", partner_id)
    old = None if old_id is None else await replaced(info, connection, source_id, old_id, input)
    written_over = old is not None and old["valid_from"] >= input.valid_from
    (number,) = await bulk.ids(connection, 1)
    record = Grant(
        grant_id=old["key"] if old is not None and written_over else f"{SOURCE}-{number}",
        partner=partner,
        region=input.region,
        exclusivity=WORDS[input.exclusivity],
        valid_from=input.valid_from,
        product_group=given(input.product_group) or "*",
        segment=given(input.segment) or "*",
        valid_to=given(input.valid_to),
        contract_ref=given(input.contract_ref),
    )
    if old is not None and not written_over and (old["valid_to"] is None or old["valid_to"] > input.valid_from):
        await ended(connection, source_id, old, input.valid_from)
    named = {("partner", partner): partner_id, ("region", str(input.region)): region_id}
    grant_id = await enter(connection, source_id, STREAM, record, named, at)
    entry = Entry(
        actor_id=info.context.viewer.user_id,
        action="granted",
        noun="territory_grant",
        subject_id=grant_id,
        before=None if old is None else facts(old),
        after=facts({name: getattr(record, name) for name in FACTS}),
    )
    await audit.write(connection, entry)
    return grant_id


async def replaced(
    info: Info, connection: Connection, source_id: int, grant_id: int, input: UpsertTerritoryGrantInput
) -> Mapping[str, Any]:
    """Return the grant that is to be replaced, as the caller read it."""
    old = await held(connection, grant_id)
    if old is None:
        raise said("grantId", "not_found", ErrorCode.NOT_FOUND)
    if old["source_id"] != source_id:
        raise said("grantId", "of_a_source", ErrorCode.POLICY_DENIED)
    check_group(info, "grantId", old["product_group"])
    if old["revision"] != given(input.expected_version):
        en, zh = SENTENCES["stale"]
        path = ["input", "expectedVersion"]
        raise Refusal(StaleVersion(code=ErrorCode.STALE_VERSION, en=en, zh=zh, path=path, current_version=old["revision"]))
    return old


async def ended(connection: Connection, source_id: int, old: Mapping[str, Any], on: date) -> None:
    """Let a grant end on a day."""
    record = Grant(grant_id=old["key"], **({name: old[name] for name in FACTS} | {"valid_to": on}))
    named = {("partner", record.partner): old["partner_id"], ("region", record.region): old["region_id"]}
    await enter(connection, source_id, STREAM, record, named, now())


def facts(values: Mapping[str, Any]) -> dict[str, object]:
    """Return what the audit log keeps of a grant."""
    return {name: values[name].isoformat() if isinstance(values[name], date) else values[name] for name in FACTS}


# What is said of a refusal, in English and Chinese.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "not_found": ("There is no such thing, or you may not see it.", "不存在，或您无权查看。"),
    "not_a_code": (
        "A code has 1 to 128 characters, none of them a control character or |, and is more than a dash.",
        "代码为 1 至 128 个字符，不含控制字符或 |，且不能只是一个短横线。",
    ),
    "length": ("This has at most 10,000 characters.", "最多 10,000 个字符。"),
    "must_be_after_valid_from": ("A grant ends after it begins.", "授权的结束日必须晚于开始日。"),
    "goes_with_grant": (
        "`expectedVersion` is given with `grantId`, and only then.",
        "`expectedVersion` 与 `grantId` 必须同时给出。",
    ),
    "not_yours": ("You grant the product groups that are assigned to you.", "您只能授权分配给您的产品组。"),
    "unknown_region": ("There is no such region.", "没有此区域。"),
    "of_a_source": (
        "This grant comes from a source; change it there, for the next sync would undo what is changed here.",
        "此授权来自数据源；请在该处修改，否则下次同步会撤销此处的修改。",
    ),
    "stale": ("The grant has changed since you read it.", "该授权在您读取后已被修改。"),
    "no_source": (
        "The source `entered`, which holds what people enter, cannot be used now.",
        "保存人工录入内容的数据源 `entered` 目前不可用。",
    ),
}


def said(field: str, rule: str, code: ErrorCode = ErrorCode.VALIDATION_FAILED) -> Refusal:
    """Return a refusal by the sentences above."""
    en, zh = SENTENCES[rule]
    return invalid(field, rule, en, zh) if code is ErrorCode.VALIDATION_FAILED else refusing(code, en, zh, field)
