"""A record, its row and its GraphQL type call one thing by one name; where they do not, the reason stands here."""

import re
from importlib import import_module
from typing import get_args

import pytest
from graphql import GraphQLObjectType

from hub.intake.shape import SHAPES
from hub.records import CanonicalRecord, Order, OrderLine
from hub.store.base import Row
from hub.store.database import MODELS
from schema.compiler.catalog import Column, declaration
from schema.compiler.door import COMPILER
from schema.root import build_schema

CODE = "golden records are known by `code`, whatever their source calls them"
KEY = "what a source knows a record by is its `key`"
BASE = "a reference is named after what it refers to"
DAY = "`date` is a type of the database"
SELLER = "a row refers to the golden partner; who sold is the one partner an order is of"
RECORDS: dict[tuple[str, str], tuple[str | None, str]] = {
    ("Region", "neighbours"): ("neighbour_codes", "kept as written; the pairs rest in region_neighbour"),
    ("Product", "sku"): ("code", CODE),
    ("Product", "base_sku"): ("base_id", BASE),
    ("FxRate", "date"): ("day", DAY),
    ("TerritoryGrant", "grant_id"): ("key", KEY),
    ("PricePolicy", "policy_id"): ("key", KEY),
    ("PricePolicy", "sku"): ("product_id", BASE),
    ("Promotion", "promotion_id"): ("key", KEY),
    ("Promotion", "sku"): ("product_id", BASE),
    ("DealRegistration", "deal_id"): ("key", KEY),
    ("Offer", "sku"): ("product_id", BASE),
    ("InventoryLevel", "sku"): ("product_id", BASE),
    ("InventoryMonth", "sku"): ("product_id", BASE),
    ("Reservation", "reservation_id"): ("key", KEY),
    ("Reservation", "sku"): ("product_id", BASE),
    ("Claim", "claim_id"): ("key", KEY),
    ("Claim", "sku"): ("product_id", BASE),
    ("SerialEvent", "event_id"): ("key", KEY),
    ("SerialEvent", "sku"): ("product_id", BASE),
    ("Order", "number"): ("key", KEY),
    ("Order", "lines"): (None, "lines are rows of their own"),
    ("Order", "updated_at"): ("source_updated_at", "every row says so what its source says of its last change"),
    ("Order", "seller"): ("partner_id", SELLER),
    ("OrderLine", "return_of"): ("return_of_order", "a pair in the record is two columns of the row"),
}
ORDER = "ORDER is a word of SQL"
TABLES: dict[type, tuple[str, str]] = {Order: ("sales_order", ORDER)}

READER = "the word of those who read; the column has the word of those who sent it"
POLICY = "policies show what holds from when; the row keeps the word every row has for it"
FIELDS: dict[tuple[str, str], tuple[str, str]] = {
    ("Actor", "displayName"): ("name", "an actor may be a token, whose name is only shown"),
    ("Claim", "number"): ("key", KEY),
    ("Claim", "soldOn"): ("claim_date", READER),
    ("Claim", "sourceStatus"): ("status", READER),
    ("Offer", "validFrom"): ("observed_at", "a listing is valid from when it was seen until it is seen again"),
    ("Conflict", "ruleId"): ("rule", "a scalar of its own, RuleId"),
    ("Conflict", "status"): ("state", "a finding has a status, a case goes through states"),
    ("Conflict", "full"): ("is_full", "FULL is a word of SQL"),
    ("Conflict", "watermark"): ("watermark_at", "the row has both: the instant, and how far each source had been read"),
    ("Backtest", "rules"): ("rule_names", "where a field is compiled, rules are all there are"),
    ("BacktestDifference", "ruleId"): ("rule", "a scalar of its own, RuleId"),
    ("ComparedFinding", "ruleId"): ("rule", "a scalar of its own, RuleId"),
    ("BacktestDifference", "severityBefore"): ("band_before", "readers filter by severity; the band is how a score is divided"),
    ("BacktestDifference", "severityAfter"): ("band_after", "readers filter by severity; the band is how a score is divided"),
    ("Conflict", "severity"): ("band", "readers filter by severity; the band is how a score is divided"),
    ("ConflictCase", "ruleId"): ("rule", "a scalar of its own, RuleId"),
    ("ConflictCase", "severity"): ("band", "readers filter by severity; the band is how a score is divided"),
    ("AffectedCase", "ruleId"): ("rule", "a scalar of its own, RuleId"),
    ("AffectedFinding", "ruleId"): ("rule", "a scalar of its own, RuleId"),
    ("AffectedFinding", "status"): ("state", "a finding has a status, a case goes through states"),
    ("CaseEvent", "eventId"): ("number", "what `after` takes; it is no global id"),
    ("ConflictEvent", "eventId"): ("number", "what `after` takes; it is no global id"),
    ("SyncProgress", "eventId"): ("number", "what `after` takes; it is no global id"),
    ("OrderChange", "eventId"): ("number", "what `after` takes; it is no global id"),
    ("InventoryChange", "eventId"): ("number", "what `after` takes; it is no global id"),
    ("DealRegistration", "number"): ("key", KEY),
    ("DealRegistration", "sourceStatus"): ("status", READER),
    ("ExternalRef", "externalId"): ("key", READER),
    ("FxRate", "base"): ("currency", "beside `quote` it is the currency converted from"),
    ("FxRate", "validOn"): ("day", READER),
    ("InventoryLevel", "countedAt"): ("as_of", READER),
    ("Offer", "sellerName"): ("seller", "beside `partner` it is the name alone"),
    ("Offer", "seenAt"): ("observed_at", READER),
    ("Offer", "captureHash"): ("evidence_hash", "evidence is the word of findings"),
    ("Order", "number"): ("key", KEY),
    ("OrderLine", "lineNumber"): ("number", "beside the order's number"),
    ("OrderLine", "sourceSku"): ("sku", "as the source wrote it, beside the product's"),
    ("Partner", "signedOn"): ("joined_on", READER),
    ("PolicyVersion", "number"): ("version", "the number of the version, as its file says"),
    ("PolicyVersion", "timeZone"): ("timezone", "as the policy's file says"),
    ("PricePolicy", "recordedAt"): ("fetched_at", POLICY),
    ("PricePolicy", "quantityFrom"): ("min_units", READER),
    ("PricePolicy", "version"): ("revision", POLICY),
    ("Product", "sku"): ("code", CODE),
    ("Promotion", "recordedAt"): ("fetched_at", POLICY),
    ("Promotion", "version"): ("revision", POLICY),
    ("RawRecord", "sourceVersion"): ("version", "of the source, not of the hub"),
    ("TerritoryGrant", "recordedAt"): ("fetched_at", POLICY),
    ("TerritoryGrant", "version"): ("revision", POLICY),
}
TYPES: dict[str, tuple[str, str]] = {
    "Order": ("sales_order", ORDER),
    "Actor": ("hub_user", "whoever acts is a user or a token"),
    "User": ("hub_user", "USER is a word of SQL"),
    "AffectedCase": ("conflict_case", "a case as the affected partner may know of it, so that no path leads on from it"),
    "AffectedFinding": ("conflict", "a finding as the affected partner may know of it, so that no path leads on from it"),
    "AuditEntry": ("audit", "one entry of the log"),
    "CaseAttachment": ("attachment", "a file rests there before it is added to a case, too"),
    "Notice": ("approval", "what is sent outside is proposed and approved; one kind of it is a notice"),
    "PendingApproval": ("approval", "the contract's word for a confirmation that waits"),
    "CaseEvent": ("event", "all events rest in one table, in the order of commits"),
    "ConflictEvent": ("event", "all events rest in one table, in the order of commits"),
    "OrderChange": ("event", "all events rest in one table, in the order of commits"),
    "InventoryChange": ("event", "all events rest in one table, in the order of commits"),
    "SyncProgress": ("event", "all events rest in one table, in the order of commits"),
    "BacktestComparison": ("backtest", "one of two backtests, as set beside the other"),
    "ComparedFinding": ("backtest_difference", "a difference in one of two backtests, as set beside the other"),
    **{
        f"{name}Diff": (table, "a row of one day against that of another")
        for name, table in {
            "PolicyVersion": "policy_version",
            "TerritoryGrant": "territory_grant",
            "PricePolicy": "price_policy",
            "Promotion": "promotion",
        }.items()
    },
    "ExternalRef": ("identity_link", "for a reader it is the way to the source's record"),
}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def tables() -> dict[str, set[str]]:
    """Return the columns of every table."""
    for module in MODELS:
        import_module(module)
    found: dict[str, set[str]] = {}
    waiting: list[type[Row]] = [Row]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model._meta.db_table:
            found[model._meta.db_table] = set(model._meta.fields_map)
    return found


def types() -> dict[str, tuple[str, GraphQLObjectType]]:
    """Return every GraphQL type that rests in a table, with the table's name."""
    catalogue = build_schema()._schema.extensions[COMPILER].tables
    return {name: (one.name, catalogue.object(name)) for name, one in catalogue.by_type.items()}


ALL = (*get_args(CanonicalRecord), OrderLine)


@pytest.mark.parametrize("record", ALL, ids=lambda record: record.__name__)
def test_every_field_of_a_record_has_its_column(record: type) -> None:
    name = record.__name__
    table = TABLES.get(record, (snake(name), ""))[0]
    columns = tables()[table]
    for field in record.__struct_fields__:  # type: ignore[attr-defined]
        if (name, field) in RECORDS:
            column, _ = RECORDS[name, field]
            assert not {field, f"{field}_id"} & columns, f"{name}.{field} is no difference any more"
            assert column is None or column in columns, f"{name}.{field}"
        else:
            assert {field, f"{field}_id"} & columns, f"{name}.{field} has no column in {table}"


def test_every_table_of_a_noun_is_named_after_it() -> None:
    for record, shape in SHAPES.items():
        assert shape.table.name == shape.noun == snake(record.__name__)
    assert {TABLES[Order][0], "order_line"} <= tables().keys()


@pytest.mark.parametrize("name", types())
def test_a_type_is_named_after_its_table(name: str) -> None:
    table, _ = types()[name]
    assert table == TYPES.get(name, (snake(name), ""))[0]


@pytest.mark.parametrize("name", types())
def test_a_field_that_is_a_column_is_named_after_it(name: str) -> None:
    _, kind = types()[name]
    for field, definition in kind.fields.items():
        source = declaration(definition)
        only = re.fullmatch(r"\{(\w+)\}", source.sql) if isinstance(source, Column) else None
        if only is not None:
            assert only[1] == FIELDS.get((name, field), (snake(field), ""))[0], f"{name}.{field}"


def test_no_difference_is_listed_that_is_gone() -> None:
    assert {name for name, _ in RECORDS} <= {record.__name__ for record in ALL}
    assert TYPES.keys() <= types().keys()
    for (name, field), (column, _) in FIELDS.items():
        _, kind = types()[name]
        source = declaration(kind.fields[field])
        assert isinstance(source, Column), f"{name}.{field}"
        assert source.sql == f"{{{column}}}", f"{name}.{field}"
        assert column != snake(field), f"{name}.{field}"
