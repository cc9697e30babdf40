"""Who sees which rows: one condition per type and role, put into a statement wherever the type's table is.

A role that a type does not name sees none of its rows. Some columns are shown to a role as something else: read, counted,
filtered and sorted by alike. Templates are over the row of the type; `{viewer_partner}`,
`{viewer_partners}`, `{viewer_regions}` and `{viewer_groups}` are the viewer's own and always parameters.
"""

import re
from collections.abc import Mapping
from typing import Final

from hub.conflicts.severity import BANDS
from schema.compiler.catalog import template
from schema.context import Role, Viewer

ALL: Final = ""
NONE: Final = "false"

EVERYTHING = frozenset({Role.ADMIN, Role.ANALYST, Role.SERVICE})
MANAGER, DIRECT, PARTNER = Role.CHANNEL_MANAGER, Role.DIRECT_SALES, Role.PARTNER

# Partners a channel manager looks after: assigned by name, or at home in an assigned region.
MANAGED = (
    "(SELECT mine.id FROM partner AS mine WHERE mine.id = ANY({viewer_partners}) OR mine.home_region_id IN "
    "(SELECT cover.covered_id FROM region_cover AS cover WHERE cover.region_id = ANY({viewer_regions})))"
)
ASSIGNED_REGIONS = "(SELECT cover.covered_id FROM region_cover AS cover WHERE cover.region_id = ANY({viewer_regions}))"
OWN_SALES = "(SELECT own.id FROM partner AS own WHERE own.type = 'direct')"

SELLER = "hub_seller({partner_id}, {seller_key}, {channel})"

# What a case shows to the partner its records point at: nothing before the facts are gathered together.
TOLD = (
    "({state} IN ('investigating', 'negotiating', 'mediation', 'arbitration') OR {state} = 'closed' AND {told_at} IS NOT NULL)"
)
DIRECT_ORDER = (
    f"(coalesce({{partner_id}}, 0) = 0 OR {{partner_id}} IN {OWN_SALES}) "
    f"AND (coalesce({{buyer_partner_id}}, 0) = 0 OR {{buyer_partner_id}} IN {OWN_SALES})"
)
ORDERS: Mapping[Role, str] = {
    MANAGER: f"({{partner_id}} IN {MANAGED} OR {{buyer_partner_id}} IN {MANAGED})",
    DIRECT: f"({DIRECT_ORDER})",
    PARTNER: "({partner_id} = {viewer_partner} OR {buyer_partner_id} = {viewer_partner})",
}
# What a role sees of a type by one column or by another, as parts that share no row: an index has each in the order of lists.
BRANCHES: Mapping[tuple[str, Role], tuple[str, ...]] = {
    ("Order", PARTNER): (
        "{partner_id} = {viewer_partner}",
        "{buyer_partner_id} = {viewer_partner} AND {partner_id} IS DISTINCT FROM {viewer_partner}",
    ),
}
LOCATIONS: Mapping[Role, str] = {
    MANAGER: f"{{partner_id}} IN {MANAGED}",
    DIRECT: f"({{partner_id}} IS NULL OR {{partner_id}} IN {OWN_SALES})",
    PARTNER: "{partner_id} = {viewer_partner}",
}
LOOKED_AFTER = (
    f"{{partner_id}} IN {MANAGED} OR {{affected_id}} IN {MANAGED} "
    f"OR {{partner_id}} IS NULL AND {{region_id}} IN {ASSIGNED_REGIONS}"
)
# Who is named as a mediator sees the case, whoever it is.
MEDIATED: Mapping[str, str] = {
    "ConflictCase": "{mediator_id} = {viewer_user}",
    "Conflict": "EXISTS (SELECT 1 FROM conflict_case AS mediated WHERE mediated.id = {case_id} "
    "AND mediated.mediator_id = {viewer_user})",
}
CASES: Mapping[Role, str] = {
    MANAGER: f"({LOOKED_AFTER} OR {MEDIATED['ConflictCase']})",
    PARTNER: f"{{partner_id}} = {{viewer_partner}} AND {TOLD}",
}


def over(alias: str, condition: str) -> str:
    """Return a condition over another row than the template's own."""
    return re.sub(r"\{(?!viewer_)(\w+)\}", rf"{alias}.\1", condition)


def sold_to(seller: str) -> str:
    """Return the condition of a customer that bought from somebody."""
    return (
        "EXISTS (SELECT 1 FROM sales_order AS bought WHERE bought.customer_id = {id} AND bought.deleted_at IS NULL "
        f"AND {seller})"
    )


def about_case(role: Role) -> str:
    """Return the condition of a proposal about a case that a role sees."""
    return f"EXISTS (SELECT 1 FROM conflict_case AS about WHERE about.id = {{subject_id}} AND {over('about', CASES[role])})"


# Records that findings name and no type stands for: a partner's are those it reported itself or was sent.
REPORTED: Mapping[str, str] = {
    noun: f"EXISTS (SELECT 1 FROM {noun} AS mine WHERE mine.id = {{id}} AND mine.partner_id = {{viewer_partner}})"
    for noun in ("inventory_month", "serial_event")
}
EVERYBODY: Mapping[Role, str] = {MANAGER: ALL, DIRECT: ALL, PARTNER: ALL}


def own_source(source: str, sold: str, kept: str) -> str:
    """Return the condition of a source that the viewer's own orders or places come from, or that speaks for the brand."""
    return (
        f"(EXISTS (SELECT 1 FROM source AS masters WHERE masters.id = {source} AND masters.is_masters) "
        f"OR EXISTS (SELECT 1 FROM sales_order AS sold WHERE sold.source_id = {source} AND {over('sold', sold)}) "
        f"OR EXISTS (SELECT 1 FROM location AS kept WHERE kept.source_id = {source} AND {over('kept', kept)}))"
    )


# What another partner sold to the viewer may come from that partner's own system.
SOLD = "({partner_id} = {viewer_partner} OR {partner_id} IS NULL AND {buyer_partner_id} = {viewer_partner})"


def known_source(source: str) -> Mapping[Role, str]:
    """Return who recognises a source; any other could tell whose system it is."""
    return {
        DIRECT: own_source(source, ORDERS[DIRECT], LOCATIONS[DIRECT]),
        PARTNER: own_source(source, SOLD, LOCATIONS[PARTNER]),
    }


# What a partner asks of the brand is between the two.
ASKED: Mapping[Role, str] = {MANAGER: f"{{partner_id}} IN {MANAGED}", PARTNER: "{partner_id} = {viewer_partner}"}
KEPT = "EXISTS (SELECT 1 FROM location AS kept WHERE kept.id = {{location_id}} AND {})"
GRANTS: Mapping[Role, str] = {
    MANAGER: f"{{partner_id}} IN {MANAGED}",
    DIRECT: f"{{partner_id}} IN {OWN_SALES}",
    PARTNER: "{partner_id} = {viewer_partner}",
}
# Prices have no addressee: a partner sees those of its home and its granted regions, and those that hold everywhere.
PRICES: Mapping[Role, str] = {
    MANAGER: ALL,
    DIRECT: "{kind} IN ('retail', 'msrp', 'map')",
    PARTNER: "({region_id} IS NULL OR EXISTS (SELECT 1 FROM region_cover AS cover WHERE (cover.region_id = {region_id} "
    "AND cover.covered_id IN (SELECT own.home_region_id FROM partner AS own WHERE own.id = {viewer_partner} "
    "UNION ALL SELECT held.region_id FROM territory_grant AS held WHERE held.partner_id = {viewer_partner} "
    "AND held.deleted_at IS NULL)) OR (cover.covered_id = {region_id} AND cover.region_id IN "
    "(SELECT held.region_id FROM territory_grant AS held WHERE held.partner_id = {viewer_partner} "
    "AND held.deleted_at IS NULL))))",
}
PROMOTIONS: Mapping[Role, str] = {
    MANAGER: f"({{partner_id}} IS NULL OR {{partner_id}} IN {MANAGED})",
    DIRECT: f"({{partner_id}} IS NULL OR {{partner_id}} IN {OWN_SALES})",
    PARTNER: "({partner_id} IS NULL OR {partner_id} = {viewer_partner})",
}

ROWS: Mapping[str, Mapping[Role, str]] = {
    # How fresh a source is belongs to every record; what went on in it does not, and its name is veiled below.
    "Source": EVERYBODY,
    "Stream": EVERYBODY,
    "ExternalRef": {MANAGER: ALL, **known_source("{source_id}")},
    "Actor": EVERYBODY,
    "Region": EVERYBODY,
    "Product": EVERYBODY,
    "SyncRun": {MANAGER: ALL},
    "Reject": {},
    "RawRecord": {},
    "IdentityCandidate": {},
    "Partner": {
        MANAGER: f"{{id}} IN {MANAGED}",
        DIRECT: "{type} = 'direct'",
        PARTNER: "{id} = {viewer_partner}",
    },
    "Customer": {
        MANAGER: f"({{partner_id}} IN {MANAGED} OR {sold_to(f'bought.partner_id IN {MANAGED}')})",
        DIRECT: sold_to(over("bought", DIRECT_ORDER)),
        PARTNER: f"({{partner_id}} = {{viewer_partner}} OR {sold_to('bought.partner_id = {viewer_partner}')})",
    },
    "Location": LOCATIONS,
    "Order": ORDERS,
    # A seller's other names are its own too; the function is asked last, for few rows.
    "Offer": {
        MANAGER: f"({{partner_id}} IN {MANAGED} OR {{partner_id}} IS NULL AND {SELLER} IN {MANAGED})",
        DIRECT: f"{{partner_id}} IN {OWN_SALES}",
        PARTNER: "({partner_id} = {viewer_partner} OR {partner_id} IS NULL AND {seller_key} IN (SELECT name.alias_key "
        f"FROM partner_alias AS name WHERE name.partner_id = {{viewer_partner}}) AND {SELLER} = {{viewer_partner}})",
    },
    "Claim": ASKED,
    "DealRegistration": ASKED,
    # Of the brand's stock its own sales see what they promised themselves: the rest is what partners order.
    "Reservation": {
        MANAGER: KEPT.format(over("kept", LOCATIONS[MANAGER])),
        DIRECT: f"{KEPT.format(over('kept', LOCATIONS[DIRECT]))} AND EXISTS (SELECT 1 FROM sales_order AS served "
        f"WHERE served.source_id = {{source_id}} AND served.key = {{order_ref}} AND {over('served', DIRECT_ORDER)})",
        PARTNER: KEPT.format(over("kept", LOCATIONS[PARTNER])),
    },
    "FxRate": {MANAGER: ALL},
    "TerritoryGrant": GRANTS,
    "TerritoryGrantDiff": GRANTS,
    "PricePolicy": PRICES,
    "PricePolicyDiff": PRICES,
    "Promotion": PROMOTIONS,
    "PromotionDiff": PROMOTIONS,
    "PolicyVersion": {MANAGER: ALL},
    "PolicyVersionDiff": {MANAGER: ALL},
    "UnitMapping": {MANAGER: ALL},
    # What a draft would do concerns all partners at once.
    "Backtest": {},
    "BacktestDifference": {},
    "BacktestComparison": {},
    "ComparedFinding": {},
    "Conflict": {
        MANAGER: f"({LOOKED_AFTER} OR {MEDIATED['Conflict']})",
        PARTNER: "{partner_id} = {viewer_partner} AND EXISTS (SELECT 1 FROM conflict_case AS told "
        f"WHERE told.id = {{case_id}} AND {over('told', TOLD)})",
    },
    "ConflictCase": CASES,
    "Digest": {MANAGER: "{user_id} = {viewer_user}"},
    # What the affected side learns: the matter and how far it is, and nothing of anybody else.
    "AffectedCase": {MANAGER: f"{{affected_id}} IN {MANAGED}", PARTNER: "{affected_id} = {viewer_partner}"},
    "AffectedFinding": {MANAGER: f"{{affected_id}} IN {MANAGED}", PARTNER: "{affected_id} = {viewer_partner}"},
    "Approval": {MANAGER: about_case(MANAGER)},
    "PendingApproval": {MANAGER: about_case(MANAGER)},
    "Notice": {MANAGER: about_case(MANAGER), PARTNER: f"{{state}} = 'approved' AND {about_case(PARTNER)}"},
}

# What is seen by administrators alone, and by the one it is about.
PRIVATE: Mapping[str, str] = {
    "AuditEntry": NONE,
    "AccessToken": "({id} = {viewer_token} OR {user_id} = {viewer_user})",
    "User": "{id} = {viewer_user}",
    "AlertRoute": NONE,
    "Connector": NONE,
    "SourceCheck": NONE,
    "TrustedDocument": NONE,
    "SheetUpload": NONE,
}

# Rows that are seen with the row they belong to: its type, its table and the column or template that names it.
WITH: Mapping[str, tuple[str, str, str]] = {
    "OrderLine": ("Order", "sales_order", "order_id"),
    "InventoryLevel": ("Location", "location", "location_id"),
    "CaseStep": ("ConflictCase", "conflict_case", "case_id"),
    "CaseAttachment": ("ConflictCase", "conflict_case", "case_id"),
    "Alert": ("ConflictCase", "conflict_case", "case_id"),
    "Delivery": ("Alert", "alert", "alert_id"),
    "ConflictEvent": ("Conflict", "conflict", "subject_id"),
    "CaseEvent": ("ConflictCase", "conflict_case", "subject_id"),
    "SyncProgress": ("SyncRun", "sync_run", "subject_id"),
    # Told to whoever sees one of the records.
    "OrderChange": ("Order", "sales_order", "ANY({subject_ids})"),
    "InventoryChange": ("InventoryLevel", "inventory_level", "ANY({subject_ids})"),
}

# What holds besides: some steps of a case are between colleagues, and alerts are for them alone.
BESIDES: Mapping[tuple[str, Role], str] = {
    ("CaseStep", PARTNER): "{visible_to_partner}",
    ("CaseAttachment", PARTNER): "{visible_to_partner}",
    ("CaseEvent", PARTNER): "{kind} IN ('advanced', 'closed', 'notice')",
    ("ConflictEvent", PARTNER): "{kind} <> 'changed'",
    ("Alert", PARTNER): NONE,
}

# Where product groups are assigned too, only what touches them is seen.
GROUPED: Mapping[str, str] = {
    "Order": "EXISTS (SELECT 1 FROM order_line AS item JOIN product AS article ON article.id = item.product_id "
    "WHERE item.order_id = {id} AND article.product_group = ANY({viewer_groups}))",
    **dict.fromkeys(
        ("OrderLine", "InventoryLevel", "Reservation", "Offer", "Claim", "PricePolicy", "PricePolicyDiff"),
        "EXISTS (SELECT 1 FROM product AS article WHERE article.id = {product_id} "
        "AND article.product_group = ANY({viewer_groups}))",
    ),
    **dict.fromkeys(
        ("Promotion", "PromotionDiff"),
        "({product_group} IS NULL AND {product_id} IS NULL OR {product_group} = ANY({viewer_groups}) "
        "OR EXISTS (SELECT 1 FROM product AS article WHERE article.id = {product_id} "
        "AND article.product_group = ANY({viewer_groups})))",
    ),
    **dict.fromkeys(
        ("TerritoryGrant", "TerritoryGrantDiff", "DealRegistration"),
        "({product_group} = '*' OR {product_group} = ANY({viewer_groups}))",
    ),
    **{
        kind: f"({{product_group}} = '-' OR {{product_group}} = ANY({{viewer_groups}}) OR {mediated})"
        for kind, mediated in MEDIATED.items()
    },
    **dict.fromkeys(("AffectedCase", "AffectedFinding"), "({product_group} = '-' OR {product_group} = ANY({viewer_groups}))"),
    **dict.fromkeys(
        ("Approval", "PendingApproval", "Notice"),
        "EXISTS (SELECT 1 FROM conflict_case AS narrow WHERE narrow.id = {subject_id} AND (narrow.product_group = '-' "
        "OR narrow.product_group = ANY({viewer_groups}) OR narrow.mediator_id = {viewer_user}))",
    ),
}

# A person's name is nobody's business who only counts.
PSEUDONYM = "CASE WHEN {kind} = 'consumer' THEN 'Consumer ' || upper(left(md5({id}::text), 8)) ELSE {name} END"


def band_start(score: str) -> str:
    """Return the lowest score of the band a score is in."""
    bands = " ".join(f"WHEN {score} >= {start} THEN {start}" for start in sorted(BANDS.values(), reverse=True))
    return f"CASE {bands} ELSE 0 END"


SCORE_BEFORE = "({body} ->> 'score_before')::numeric"

# The key of a finding is a hash over what it is about, which includes the other side; sealed, it cannot be guessed.
SEALED = "encode({} || {}, 'hex')".format(
    *(f"hub_cursor_seal(convert_to('finding {half} ' || {{finding_key}}, 'UTF8'))" for half in (1, 2))
)


def of_known_source(column: str, otherwise: str) -> Mapping[Role, str]:
    """Return what a column of a source is shown as."""
    return {role: f"CASE WHEN {known} THEN {{{column}}} ELSE {otherwise} END" for role, known in known_source("{id}").items()}


# How often a finding changed, as far as whom it accuses may see.
SEEN_REVISION = (
    "(SELECT 1 + count(*) FROM (SELECT DISTINCT was.classification, was.state FROM conflict_history AS was "
    "WHERE was.conflict_id = {id}) AS stood WHERE (stood.classification, stood.state) <> ({classification}, {state}))::int"
)

# What a column is shown as to some roles: by type and column.
VEILS: Mapping[str, Mapping[str, Mapping[Role, str]]] = {
    "Customer": {"name": {Role.ANALYST: PSEUDONYM, Role.SERVICE: PSEUDONYM}},
    "Source": {
        "name": of_known_source("name", "upper({kind})"),
        "title": of_known_source("title", "upper({kind})"),
        "connector": of_known_source("connector", "{kind}"),
        "state_reason": of_known_source("state_reason", "NULL"),
    },
    # How a score comes about tells what the other side sells.
    "Conflict": {
        "score": {PARTNER: band_start("{score}")},
        "days": {PARTNER: "NULL::int"},
        # When it changed, and how often, tells when the other side sells: only what is seen of it counts.
        "revision": {PARTNER: SEEN_REVISION},
        "judged_at": {PARTNER: "{detected_at}"},
        "watermark_at": {PARTNER: "{detected_at}"},
        "changed_at": {PARTNER: "{detected_at}"},
        "finding_key": {PARTNER: SEALED},
    },
    "ConflictCase": {"score": {PARTNER: band_start("{score}")}},
    "ConflictEvent": {
        "body": {
            PARTNER: f"CASE WHEN {SCORE_BEFORE} IS NOT NULL THEN "
            f"jsonb_build_object('score_before', {band_start(SCORE_BEFORE)}) END"
        }
    },
}


def in_groups(amount: str) -> str:
    """Return what the lines of the assigned product groups add to a sum of an order."""
    return (
        f"(SELECT coalesce(sum({amount}), 0) FROM order_line AS item JOIN product AS article ON article.id = item.product_id "
        "WHERE item.order_id = {id} AND item.deleted_at IS NULL AND item.status <> 'cancelled' "
        "AND article.product_group = ANY({viewer_groups}))"
    )


# Where product groups are assigned too, sums are over what is seen.
GROUPED_VEILS: Mapping[str, Mapping[str, str]] = {
    "Order": {
        "total": in_groups("item.amount"),
        "net_total": in_groups(
            "CASE WHEN item.tax_included THEN round(item.amount / (1 + item.tax_rate), 6) ELSE item.amount END"
        ),
    },
}


def veils(kind: str, viewer: Viewer) -> Mapping[str, str]:
    """Return the templates that stand in for columns of a type."""
    if narrowed(viewer):
        return GROUPED_VEILS.get(kind, {})
    return {name: by_role[viewer.role] for name, by_role in VEILS.get(kind, {}).items() if viewer.role in by_role}


def narrowed(viewer: Viewer) -> bool:
    """Tell whether a viewer is bound to product groups."""
    return viewer.role is MANAGER and bool(viewer.product_groups)


def rows(kind: str, viewer: Viewer, *, owned: bool = False) -> str:
    """Return the template a row of a type must satisfy to be seen; ALL when every row may be.

    An `owned` one hangs from the row it is part of, which was let through.

    Raises KeyError for a type without a policy: a table cannot be read before somebody has said who sees it.
    """
    if kind in PRIVATE:
        return ALL if viewer.role is Role.ADMIN else PRIVATE[kind]
    if viewer.role in EVERYTHING and (kind in ROWS or kind in WITH):
        return ALL
    inherits = kind in WITH
    conditions = [BESIDES.get((kind, viewer.role), ALL)]
    if not (owned and inherits):
        conditions.append(inherited(kind, viewer) if inherits else own(kind, viewer))
    if narrowed(viewer):
        conditions.append(GROUPED.get(kind, ALL))
    if NONE in conditions:
        return NONE
    return " AND ".join(f"({condition})" for condition in conditions if condition is not ALL)


def own(kind: str, viewer: Viewer) -> str:
    """Return the condition of a type that has one of its own."""
    if ROWS[kind] is EVERYBODY:
        return ALL
    seen = ROWS[kind].get(viewer.role, NONE)
    if viewer.role is MANAGER and not (viewer.partner_ids or viewer.region_ids or viewer.product_groups):
        return MEDIATED.get(kind, NONE)
    if viewer.role is PARTNER and viewer.partner_id is None:
        return NONE
    return seen


def inherited(kind: str, viewer: Viewer) -> str:
    """Return the condition of a row that is seen with the row it belongs to."""
    parent, table, column = WITH[kind]
    condition = rows(parent, viewer)
    if condition in (ALL, NONE):
        return condition
    alias = f"of_{table}"
    return f"EXISTS (SELECT 1 FROM {table} AS {alias} WHERE {alias}.id = {template(column)} AND {over(alias, condition)})"


def shape(viewer: Viewer) -> tuple[object, ...]:
    """Return what of a viewer changes the text of a statement; all else is bound as values."""
    assigned = bool(viewer.partner_ids or viewer.region_ids or viewer.product_groups)
    return viewer.role, viewer.partner_id is None, assigned, bool(viewer.product_groups), viewer.locale


def may_read(roles: frozenset[Role] | None, viewer: Viewer) -> bool:
    """Tell whether a field restricted to some roles may be read."""
    return roles is None or viewer.role in roles
