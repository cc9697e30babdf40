"""Conflict: one finding of a rule. ConflictCase: findings that belong together and what people do about them."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.conflicts.procedure import STEPS, moves
from schema.compiler.catalog import (
    LANGUAGE,
    Count,
    Figure,
    Groups,
    Refers,
    Sort,
    Sums,
    Totals,
    Values,
    Worded,
    argument,
    column,
    declared,
    many,
    money,
    one,
    pages,
    table,
    taking,
    text,
    values,
)
from schema.context import Locale, Role
from schema.directives import Cost, ListSize
from schema.node import GLOBAL_ID, Actor, Money, Node
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter, PartnersFilter
from schema.policy_version import PolicyVersion
from schema.product import Product, ProductFilter
from schema.raw import RawRecord, RecordPlace, place_of
from schema.region import Region
from schema.scalars import ConflictClass, RuleId
from schema.source import INSIDERS
from schema.where import (
    Choice,
    ConflictClassFilter,
    DateTimeFilter,
    DecimalFilter,
    IDFilter,
    IntFilter,
    RegionFilter,
    Several,
    SortKey,
    StringFilter,
    asked,
    related,
    where,
)

if TYPE_CHECKING:
    from schema.approval import Notice, PendingApproval
    from schema.attachment import CaseAttachment

# A partner is shown the lowest score of a band, and nothing finer by filter or order.
EXACT = tuple(role for role in Role if role is not Role.PARTNER)
# Whose file a record came in, and how far which source was read.
KNOWING = (*INSIDERS, Role.CHANNEL_MANAGER)


@strawberry.enum(description="How far up a finding is in the band of scores.")
class Severity(Enum):
    INFO = strawberry.enum_value("info", description="Score below 25.")
    LOW = strawberry.enum_value("low", description="Score 25 to below 50.")
    MEDIUM = strawberry.enum_value("medium", description="Score 50 to below 70.")
    HIGH = strawberry.enum_value("high", description="Score 70 to below 85.")
    CRITICAL = strawberry.enum_value("critical", description="Score 85 to 100.")


@strawberry.enum(description="State of one finding.")
class ConflictStatus(Enum):
    OPEN = strawberry.enum_value("open", description="Holds on the data as of the watermark.")
    RESOLVED_BY_DATA = strawberry.enum_value("resolved_by_data", description="Later data shows that it does not hold any more.")
    CONFIRMED = strawberry.enum_value("confirmed", description="Its case was closed as confirmed.")
    DISMISSED = strawberry.enum_value("dismissed", description="Its case was closed as dismissed.")


@strawberry.enum(description="Who may learn of a finding.")
class ConflictMode(Enum):
    CASE = strawberry.enum_value("case", description="May open a case and raise alerts.")
    OBSERVE = strawberry.enum_value("observe", description="Shown as an observation only: no case, no alert, no addressee.")


@strawberry.enum(description="Step of the dispute procedure.")
class CaseState(Enum):
    DETECTED = strawberry.enum_value("detected", description="Grouped by the hub, not looked at.")
    TRIAGED = strawberry.enum_value("triaged", description="Looked at by a channel manager and kept.")
    REPORTED = strawberry.enum_value("reported", description="Formally reported.")
    INVESTIGATING = strawberry.enum_value("investigating", description="Facts are gathered; the partner is invited to comment.")
    NEGOTIATING = strawberry.enum_value("negotiating", description="The parties talk.")
    MEDIATION = strawberry.enum_value("mediation", description="A neutral third party helps.")
    ARBITRATION = strawberry.enum_value("arbitration", description="A binding decision is sought.")
    CLOSED = strawberry.enum_value("closed", description="Finished; see `outcome`.")


@strawberry.enum(description="How a case ended.")
class CaseOutcome(Enum):
    CONFIRMED = strawberry.enum_value("confirmed", description="The facts were confirmed by a person.")
    DISMISSED = strawberry.enum_value("dismissed", description="No conflict; see the reason.")
    WITHDRAWN = strawberry.enum_value("withdrawn", description="The reporting party withdrew.")
    EXPIRED = strawberry.enum_value("expired", description="No step was taken in time.")


@strawberry.enum(description="Why a case was dismissed. The precision of each rule is measured from these.")
class DismissalReason(Enum):
    PROMOTION = strawberry.enum_value("promotion", description="A promotion covered it.")
    BORDER = strawberry.enum_value("border", description="Border area.")
    RETURN = strawberry.enum_value("return", description="Goods were returned.")
    DROP_SHIP = strawberry.enum_value("drop_ship", description="Shipped on behalf of the holder.")
    TAX = strawberry.enum_value("tax", description="Tax was counted wrongly.")
    CURRENCY = strawberry.enum_value("currency", description="Currency or rate was wrong.")
    UNIT = strawberry.enum_value("unit", description="Unit or pack was wrong.")
    TIMING = strawberry.enum_value("timing", description="Dates were wrong or late.")
    IDENTITY = strawberry.enum_value("identity", description="Partner, customer or product was mistaken for another.")
    AUTHORISED_EXCEPTION = strawberry.enum_value("authorised_exception", description="An exception had been agreed.")


@strawberry.type(description="One part of a score.")
class ScoreTerm:
    code: str = column("code", "Code: `impact`, `depth`, `evidence`, `recurrence`, `spread`.", always=True)
    label: str = text("replace({code}, '_', ' ')", "Name to show.", always=True)
    value: float = column("value", "Value of the term, 0..1.", always=True)
    weight: float = column("weight", "Points the term can give, from the policy.", always=True)
    points: float = column("points", "value x weight, in points.", always=True)
    explanation: str = text(
        "coalesce((SELECT string_agg(said.key || ' = ' || said.value, ', ' ORDER BY said.key) "
        "FROM jsonb_each_text({inputs}) AS said), '')",
        "How the value was computed, with the numbers put in.",
        always=True,
    )


@strawberry.type(description="One value of a record at the time of judging.")
class EvidenceFact:
    field: str = column("key", "Name of the field.", always=True)
    value: str = column("coalesce({value} #>> '{{}}', '')", "Value as text.", always=True)


NOUNS = {
    "order_line": "OrderLine",
    "sales_order": "Order",
    "offer": "Offer",
    "territory_grant": "TerritoryGrant",
    "price_policy": "PricePolicy",
    "promotion": "Promotion",
    "inventory_level": "InventoryLevel",
    "product": "Product",
    "customer": "Customer",
    "claim": "Claim",
    "deal_registration": "DealRegistration",
    "reservation": "Reservation",
}
# What a rule compares a record with is the brand's; who else reserved stock is not for a partner among the evidence.
NOT_REPORTED = ("Product", "PricePolicy", "Promotion", "Reservation")
FACTS = "jsonb_each({up.facts}) AS {row}"


@strawberry.type(description="One step of how a number comes about.")
class DerivationStep:
    code: str = column(
        "name", "Code: `units`, `returned`, `net_units`, `rate`, `tax`, `unit_net`, `reference`, `value`.", always=True
    )
    label: str = text("replace({name}, '_', ' ')", "Name to show.", always=True)
    formula: str = column("formula", "How it is computed, with the numbers put in.", always=True)
    value: Decimal | None = column("{value}::numeric", "What it comes to; null when a number it needs is unknown.")
    day: date | None = column("day", "Day of the rate that was used; null for what is no rate, and for the base currency.")


# The time zone and the base currency of the finding a row hangs from.
BASIS = "hub_basis_of({up.up.rule})"


@strawberry.type(description="One thing a finding rests on.")
class Evidence:
    code: str = column("code", "Code of the role it plays: `sale_line`, `holder_grant`, `price_policy`.", always=True)
    record: Node | None = declared("The record; null when hidden from the caller.", Refers(NOUNS))
    facts: list[EvidenceFact] = values(
        FACTS,
        "The record as it was when judged, as field and value pairs.",
        order="{key}",
        where="jsonb_typeof({value}) NOT IN ('null', 'object', 'array')",
    )
    hash: str = column("coalesce({hash}, '')", "SHA-256 over the frozen facts, 64 hexadecimal digits.", always=True)
    derivation: list[DerivationStep] = values(
        f"hub_derivation({{up.noun}}, {{up.id}}, {BASIS}, hub_priced_on({{up.up.evidence}}, {{up.up.event_day}}, {BASIS}))"
        " AS {row}",
        "How the record's numbers come about: pack, returns, rate, tax, price of one base unit, value. Empty for records "
        "that are no numbers.",
        order="{place}",
    )
    raw: RawRecord | None = one("{id} = hub_raw_of({up.noun}, {up.id})", "The payload the record came in.", roles=INSIDERS)
    place: RecordPlace | None = place_of("hub_place_of({noun}, {id})", roles=KNOWING)


@strawberry.type(description="An innocent explanation that was looked for.")
class FilterTried:
    code: str = column("filter", "Code: `promotion`, `return`, `drop_ship`, `border`, `unit_ratio`.", always=True)
    label: str = text("replace({filter}, '_', ' ')", "Name to show.", always=True)
    matched: bool = column("{outcome} = 'found'", "Whether something was found that explains part of it.", always=True)
    applicable: bool = column("{outcome} <> 'not_applicable'", "Whether there was anything to look at.", always=True)
    detail: str | None = column(
        "CASE WHEN {viewer_role} <> 'partner' THEN {detail} END",
        "What was looked at or found; null when hidden from the caller.",
    )


WATERMARKS = (
    "(SELECT of.key AS source, read.key AS stream, read.value AS read_to FROM jsonb_each({up.watermark}) AS of "
    "CROSS JOIN LATERAL jsonb_each_text(of.value) AS read) AS {row}"
)


@strawberry.type(description="How far one stream of a source had been read.")
class SourceWatermark:
    source: str = column("source", "Name of the source.", always=True)
    stream: str = column("stream", "Name of the stream.", always=True)
    read_to: datetime = column("{read_to}::timestamptz", "Watermark of the stream when the finding was judged.", always=True)


@strawberry.type(description="Texts in one language.")
class Wording:
    locale: Locale = column("locale", "Language of the texts.", always=True)
    title: str = column("title", "One line, at most 80 characters.", always=True)
    summary: str = column(
        "summary", "What the records show, in one or two neutral sentences. Never a verdict about intent.", always=True
    )


# What a rule kept is a list of records: the role each plays, where it rests, and what it said when it was judged.
RECORDS = Values(
    "jsonb_to_recordset(coalesce({up.evidence} -> 'records', '[]'::jsonb)) "
    "AS {row} (code text, noun text, id bigint, facts jsonb, hash text)",
    limited=True,
    own=Refers({noun: kind for noun, kind in NOUNS.items() if kind not in NOT_REPORTED}),
)


@table(
    "conflict",
    sorts={
        "SCORE": Sort("score", "numeric", roles=EXACT),
        "DETECTED_AT": Sort("detected_at", "timestamptz"),
        "PERIOD_FROM": Sort("event_day", "date"),
        "VALUE_AT_RISK": Sort("value_at_risk", "numeric", nullable=True),
    },
)
@strawberry.type(description="One finding of a rule. Kept for ever: it can be resolved, never deleted.")
class Conflict(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    finding_key: str = column(
        "finding_key",
        "Deterministic key, 32 hexadecimal digits: the same grain gives the same key on every run. PARTNER reads another one.",
    )
    rule_id: RuleId = column("rule", "Rule that found it.")
    rule_version: int = column("rule_version", "Version of the rule that last judged it.")
    watermark: datetime = column(
        "watermark_at", "Data watermark of `judgedAt`: nothing recorded later was used to judge it so."
    )
    watermarks: list[SourceWatermark] | None = declared(
        "How far each stream had been read when it was judged.",
        Values(WATERMARKS, order="{source}, {stream}"),
        roles=KNOWING,
    )
    policy_version: PolicyVersion | None = one(
        "{version} = {up.policy_version} AND {state} = 'published' AND {deleted_at} IS NULL",
        "Version of the policy that judged it; null when none was published or hidden from the caller.",
        order="{source_id}",
    )
    status: ConflictStatus = column("state", "State.")
    classification: ConflictClass = column("classification", "How the records look.")
    full: bool = column("is_full", "Whether the class is a full one, which may open a case; an information class never does.")
    mode: ConflictMode = column("mode", "Whether it may lead to a case where it lies, or is shown only.")
    event_day: date = column("event_day", "Business day of the finding, as its rule defines it.")
    revision: int = column("revision", "Rises by one whenever class, score or evidence changes.")
    score: float = column("score", "0..100 points, one decimal; the lowest of the band for PARTNER.")
    severity: Severity = column("band", "Band of the score.")
    terms: list[ScoreTerm] = values(
        "jsonb_to_recordset(hub_terms({up.policy_version}, {up.partner_id}, {up.event_day}, {up.value_at_risk}, {up.depth},"
        " {up.strength}, {up.days}, {up.places}))"
        " AS {row} (code text, value float8, weight float8, points float8, inputs jsonb)",
        "How the score comes about. The points sum to the score unless a cap applies. Empty for PARTNER.",
    )
    capped_by: str | None = column(
        "capped_by",
        "Lowest cap that applied, as a code: `passive_sale`, `integer_pack_ratio`; null when none did.",
    )
    partner: Partner | None = one(
        "partner_id", "Partner the records point at; null when none or hidden from the caller. Not an accusation."
    )
    affected_partners: list[Partner] = many(
        "{id} = {up.affected_id}",
        "{code}",
        "Partners whose rights may be touched. Empty when none or hidden from the caller.",
    )
    product: Product | None = one("product_id", "Product; null when the rule works on groups.")
    region: Region | None = one("region_id", "Region the finding is about.")
    period_from: datetime = column("({event_day}::timestamp AT TIME ZONE 'UTC')", "First instant of the records.")
    period_to: datetime = column("(({event_day} + 1)::timestamp AT TIME ZONE 'UTC')", "First instant after the records.")
    value_at_risk: Money | None = money(
        "value_at_risk",
        "value_currency",
        "Value at risk in the base currency, without tax; null when it cannot be priced.",
        optional=True,
    )
    evidence: list[Evidence] = taking(
        declared(
            "What it rests on, most important first. At most 200 items; `evidenceCount` has the full number.",
            RECORDS,
            directives=[ListSize(slicing_arguments=["first"], require_one_slicing_argument=False, assumed_size=20)],
        ),
        argument("first", int | None, "How many items, 1..200.", 20),
    )
    evidence_count: int = declared("How many items of evidence there are.", Count(RECORDS))
    evidence_hash: str | None = column(
        "hub_evidence_hash({id})",
        "SHA-256 of the evidence that was last frozen for it, 64 hexadecimal digits: `/evidence/<hash>` shows that. "
        "Null when none was.",
    )
    filters_tried: list[FilterTried] = values(
        "jsonb_to_recordset({up.filters_tried}) AS {row} (filter text, outcome text, detail text)",
        "Innocent explanations that were looked for.",
    )
    wording: Wording = taking(declared("Neutral texts.", Worded()), LANGUAGE)
    case: Annotated["ConflictCase", strawberry.lazy("schema.conflict")] | None = one(
        "case_id", "Case it belongs to; null when below the case threshold."
    )
    detected_at: datetime = column("detected_at", "When it was first found.")
    judged_at: datetime = column("judged_at", "When it was judged to be as it is: whatever was judged since came out the same.")
    resolved_at: datetime | None = column("resolved_at", "When it ceased to hold; null while it holds.")


def moves_of(role: str) -> str:
    """Return the steps a role may take from each state, as SQL."""
    cases = " ".join(f"WHEN '{state}' THEN {array(moves(state, role))}" for state in STEPS)
    return f"WHEN '{role}' THEN CASE {{state}} {cases} END"


def array(states: tuple[str, ...]) -> str:
    """Return states as an array of the names of their enum."""
    return f"ARRAY[{', '.join(repr(state.upper()) for state in states)}]::text[]"


MOVERS = sorted({role for step in STEPS.values() for role in step.brought_by})
# Nobody negotiates before the partner has replied or had its time, and nobody mediates before there is a mediator.
ALLOWED = (
    f"array_remove(array_remove(coalesce(CASE {{viewer_role}} {' '.join(map(moves_of, MOVERS))} END, ARRAY[]::text[]), "
    "CASE WHEN {replied_at} IS NULL AND NOT coalesce({reply_due_at} <= {now}, false) THEN 'NEGOTIATING' END), "
    "CASE WHEN {mediator_id} IS NULL THEN 'MEDIATION' END)"
)


@strawberry.enum(description="What a step of a case was.")
class CaseStepKind(Enum):
    OPENED = strawberry.enum_value("opened", description="The case was opened.")
    ADVANCED = strawberry.enum_value("advanced", description="It went to another step of the procedure.")
    CLOSED = strawberry.enum_value("closed", description="It ended.")
    ASSIGNED = strawberry.enum_value("assigned", description="It was given to somebody or to nobody.")
    MEDIATOR = strawberry.enum_value("mediator", description="Its mediator was named.")
    COMMENTED = strawberry.enum_value("commented", description="A remark was added.")
    REPLIED = strawberry.enum_value("replied", description="The partner replied.")
    ATTACHED = strawberry.enum_value("attached", description="A file was added.")
    PROPOSED = strawberry.enum_value("proposed", description="Something was proposed that takes two persons.")
    REJECTED = strawberry.enum_value("rejected", description="A second person rejected what was proposed.")
    WITHDRAWN = strawberry.enum_value("withdrawn", description="Who proposed something withdrew it.")
    NOTICED = strawberry.enum_value("noticed", description="Two persons approved a notice to the partner.")
    DISCLOSED = strawberry.enum_value("disclosed", description="Two persons told one side who the other is.")
    OVERDUE = strawberry.enum_value("overdue", description="The present step was not finished in time.")


@table("case_step", sorts={"OCCURRED_AT": Sort("occurred_at", "timestamptz")})
@strawberry.type(description="One thing done on a case.")
class CaseStep(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    kind: CaseStepKind = column("kind", "What it was.")
    actor: Actor | None = one("actor_id", "Who did it; null when the hub did.")
    occurred_at: datetime = column("occurred_at", "When.")
    from_state: CaseState | None = column("from_state", "State before; null when the step is a comment or an assignment.")
    to_state: CaseState | None = column("to_state", "State after; null when the step is a comment or an assignment.")
    comment: str | None = column("comment", "What was said.")
    visible_to_partner: bool = column("visible_to_partner", "Whether the partner may read it.")


@table(
    "conflict_case",
    sorts={
        "DUE_AT": Sort("due_at", "timestamptz", nullable=True),
        "SCORE": Sort("score", "numeric", roles=EXACT),
        "OPENED_AT": Sort("opened_at", "timestamptz"),
    },
)
@strawberry.type(description="Findings that belong together, and what people do about them.")
class ConflictCase(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    number: int = column("number", "Number, from 1; unique.")
    state: CaseState = column("state", "Step of the procedure.")
    allowed_transitions: list[CaseState] = column(ALLOWED, "Steps the caller may take now.", always=True)
    outcome: CaseOutcome | None = column("outcome", "How it ended; null until CLOSED.")
    dismissal_reason: DismissalReason | None = column("dismissal_reason", "Why it was dismissed; null otherwise.")
    rule_id: RuleId = column("rule", "Rule of its findings.")
    partner: Partner | None = one("partner_id", "Partner the records point at; null when none or hidden from the caller.")
    score: float = column("score", "Highest score of its open findings, 0..100 points; the lowest of the band for PARTNER.")
    severity: Severity = column("band", "Band of the score.")
    other_side: str | None = column(
        "CASE WHEN {disclosed_to_partner} THEN (hub_golden('partner', {affected_id})).name END",
        "Name of the affected partner; null until two persons agreed to disclose it to the partner.",
    )
    assignee: Actor | None = one("assignee_id", "Who works on it; null = nobody.")
    mediator: Actor | None = one("mediator_id", "Who mediates: somebody without any other part in it; null = nobody.")
    due_at: datetime | None = column("due_at", "When the present step is due; null = no limit.")
    reply_due_at: datetime | None = column(
        "reply_due_at", "Until when the partner is asked to reply; nothing is confirmed before. Null = not invited yet."
    )
    replied_at: datetime | None = column(
        "replied_at", "When the partner first replied to the latest invitation; null = not yet."
    )
    pending_approval: Annotated["PendingApproval", strawberry.lazy("schema.approval")] | None = one(
        "{subject_id} = {up.id} AND {kind} = 'case_confirmed' AND {state} = 'proposed'",
        "Step that waits for a second person; null when none does.",
        order="{id} DESC",
    )
    evidence_changed: bool = column(
        "evidence_changed", "Whether the data or the policy behind it went since, so that none of its findings holds."
    )
    previous_case: Annotated["ConflictCase", strawberry.lazy("schema.conflict")] | None = one(
        "previous_case_id", "Earlier closed case of the same group; null when there is none."
    )
    conflicts: Annotated["ConflictConnection", strawberry.lazy("schema.conflict")] = pages(
        "Findings, highest score first.", [("SCORE", True)], join="{case_id} = {up.id}"
    )
    steps: Connection[CaseStep] = pages("What was done, oldest first.", [("OCCURRED_AT", False)], join="{case_id} = {up.id}")
    notices: list[Annotated["Notice", strawberry.lazy("schema.approval")]] = many(
        "{subject_id} = {up.id}", "{id}", "Notices to the partner; PARTNER reads those that were approved.", assumed=5
    )
    attachments: list[Annotated["CaseAttachment", strawberry.lazy("schema.attachment")]] = many(
        "{case_id} = {up.id}", "{id}", "Files that were added. At most 100.", assumed=10
    )
    evidence_hash: str | None = column(
        "evidence_hash", "SHA-256 of the evidence frozen when it was reported: `/evidence/<hash>` shows that. Null before."
    )
    opened_at: datetime = column("opened_at", "When it was opened.")
    closed_at: datetime | None = column("closed_at", "When it was closed; null while it is open.")
    version: int = column("version", "Number that grows with every change; for `expectedVersion`.")
    wording: Wording = taking(declared("Neutral texts.", Worded("{case_id} = {up.id}")), LANGUAGE)


@strawberry.enum(description="What findings can be grouped by.")
class ConflictDimension(Enum):
    RULE = strawberry.enum_value("rule", description="Rule.")
    SEVERITY = strawberry.enum_value("severity", description="Band of the score.")
    STATUS = strawberry.enum_value("status", description="State.")
    PARTNER = strawberry.enum_value("partner", description="Code of the partner.")
    REGION = strawberry.enum_value("region", description="Code of the region.")
    MONTH = strawberry.enum_value("month", description="Month of `periodFrom`, UTC, as `2026-03`.")


@strawberry.type(description="One group of findings.")
class ConflictGroup:
    key: list[str | None] = column("key", "Values of the dimensions in the order asked for; null = no value.", always=True)
    count: int | None = column("count(*)", "Number of findings; null when suppressed.")
    max_score: float | None = column("max({score})", "Highest score, 0..100 points; null when suppressed.")
    suppressed: bool = column(
        "(false)",
        "Whether the figures are hidden because the group has fewer partners than `minimumGroupSize`.",
        always=True,
    )


@strawberry.type(description="Figures over all findings that match the filter and that the caller may see.")
class ConflictAggregates:
    count: int = column("count(*)", "Number of findings. Exact.", always=True)
    max_score: float | None = column("max({score})", "Highest score, 0..100 points; null when there are none.")
    value_at_risk: list[Money] = declared(
        "Sum of `valueAtRisk`, one entry per currency, by currency code.",
        Sums(
            "{value_currency}",
            {"amount": "sum({value_at_risk})", "currency": "{value_currency}"},
            "{value_at_risk} IS NOT NULL AND {value_currency} IS NOT NULL",
        ),
    )
    group_by: list[ConflictGroup] = taking(
        declared(
            "The same figures by group, largest count first.",
            Groups(
                {
                    "RULE": "{rule}",
                    "SEVERITY": "upper({band})",
                    "STATUS": "upper({state})",
                    "PARTNER": Figure("Partner", "{id} = {up.partner_id}", "max({code})", live=False),
                    "REGION": Figure("Region", "{id} = {up.region_id}", "max({code})", live=False),
                    "MONTH": "to_char({event_day}, 'YYYY-MM')",
                }
            ),
            directives=[
                Cost(weight="10"),
                ListSize(slicing_arguments=["first"], require_one_slicing_argument=False, assumed_size=20),
            ],
        ),
        argument("dimensions", list[ConflictDimension], "Dimensions, 1..3."),
        argument("first", int | None, "How many groups, 1..100.", 20),
    )


@strawberry.type(description="A page of findings.")
class ConflictConnection(Connection[Conflict]):
    aggregates: ConflictAggregates = declared(
        "Figures over all findings that match, not only this page.", Totals(), directives=[Cost(weight="10")]
    )


@strawberry.input(description="Conditions on ConflictStatus.")
class ConflictStatusFilter(Choice[ConflictStatus]):
    pass


@strawberry.input(description="Conditions on Severity.")
class SeverityFilter(Choice[Severity]):
    pass


@strawberry.input(description="Conditions on CaseState.")
class CaseStateFilter(Choice[CaseState]):
    pass


@strawberry.input(description="Conditions on ConflictMode.")
class ConflictModeFilter(Choice[ConflictMode]):
    pass


@strawberry.input(description="Which findings.")
class ConflictFilter:
    finding_key: StringFilter | None = where("finding_key", "Deterministic key, as the caller reads it.")
    rule_id: list[RuleId] | None = where("rule", "Rule; one of at most 50.")
    status: ConflictStatusFilter | None = where("state", "State. Default OPEN when the whole filter is left out.")
    severity: SeverityFilter | None = where("band", "Band of the score.")
    classification: ConflictClassFilter | None = where("classification", "How the records look.")
    full: bool | None = where("is_full", "Whether the class is a full one.", cast="boolean")
    mode: ConflictModeFilter | None = where("mode", "Who may learn of it.")
    score: DecimalFilter | None = where("score", "Score, 0..100 points. Refused for PARTNER.", cast="numeric", roles=EXACT)
    partner: IDFilter | None = where("partner_id", "Partner the records point at.", to="Partner")
    product: IDFilter | None = where("product_id", "Product.", to="Product")
    region: RegionFilter | None = where("region_id", "Region.")
    detected_at: DateTimeFilter | None = where("detected_at", "Time of the first finding.", cast="timestamptz")
    case: IDFilter | None = where("case_id", "Case; `isNull: true` = none.", to="ConflictCase")
    partner_is: PartnerFilter | None = related("Partner", "partner_id", "`partner` is such.")
    affected_partners: PartnersFilter | None = related(
        "Partner", "affected_id", "Partners whose rights may be touched.", several=True
    )
    product_is: ProductFilter | None = related("Product", "product_id", "`product` is such.")
    case_is: "ConflictCaseFilter | None" = related("ConflictCase", "case_id", "`case` is such.")
    and_: list["ConflictFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["ConflictFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "ConflictFilter | None" = asked("This does not hold.", "not")


@strawberry.input(description="Which cases.")
class ConflictCaseFilter:
    number: IntFilter | None = where("number", "Number.", cast="int")
    state: CaseStateFilter | None = where("state", "Step.")
    rule_id: list[RuleId] | None = where("rule", "Rule; one of at most 50.")
    severity: SeverityFilter | None = where("band", "Band of the score.")
    partner: IDFilter | None = where("partner_id", "Partner the records point at.", to="Partner")
    assignee: IDFilter | None = where("assignee_id", "Who works on it; `isNull: true` = nobody.", to="Actor")
    due_at: DateTimeFilter | None = where("due_at", "When the present step is due.", cast="timestamptz")
    partner_is: PartnerFilter | None = related("Partner", "partner_id", "`partner` is such.")
    conflicts: Annotated["ConflictsFilter", strawberry.lazy("schema.conflict")] | None = related(
        "Conflict", "{case_id} = {up.id}", "Its findings.", several=True
    )
    and_: list["ConflictCaseFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["ConflictCaseFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "ConflictCaseFilter | None" = asked("This does not hold.", "not")


@strawberry.input(description="Conditions on findings of something.")
class ConflictsFilter(Several[ConflictFilter]):
    pass


@strawberry.enum(
    description="What findings can be sorted by. The id is always added as the last key, so that the order is total."
)
class ConflictSortField(Enum):
    SCORE = strawberry.enum_value("score", description="Score. Refused for PARTNER.")
    DETECTED_AT = strawberry.enum_value("detected_at", description="Time of the first finding.")
    PERIOD_FROM = strawberry.enum_value("period_from", description="First instant of the records.")
    VALUE_AT_RISK = strawberry.enum_value("value_at_risk", description="Amount of `valueAtRisk`.")


@strawberry.input(description="One sort key of findings. At most 3 keys.")
class ConflictSort(SortKey[ConflictSortField]):
    pass


@strawberry.enum(description="What cases can be sorted by. The id is always added as the last key, so that the order is total.")
class ConflictCaseSortField(Enum):
    DUE_AT = strawberry.enum_value("due_at", description="When the present step is due.")
    SCORE = strawberry.enum_value("score", description="Score. Refused for PARTNER.")
    OPENED_AT = strawberry.enum_value("opened_at", description="Time of opening.")


@strawberry.input(description="One sort key of cases. At most 3 keys.")
class ConflictCaseSort(SortKey[ConflictCaseSortField]):
    pass


@strawberry.type
class ConflictQuery:
    conflicts: ConflictConnection | None = pages(
        "Findings. Default order: highest score first.",
        [("SCORE", True)],
        filter=ConflictFilter | None,
        order=list[ConflictSort] | None,
        unfiltered="{state} = 'open'",
    )
    conflict_cases: Connection[ConflictCase] | None = pages(
        "Cases. Default order: due first.",
        [("DUE_AT", False), ("OPENED_AT", False)],
        filter=ConflictCaseFilter | None,
        order=list[ConflictCaseSort] | None,
    )
