"""DealRegistration (报备): a partner's claim to be first at an account."""

from datetime import date, datetime
from enum import Enum

import strawberry

from schema.compiler.catalog import Sort, column, money, one, pages, table
from schema.customer import Customer, CustomerFilter
from schema.node import GLOBAL_ID, Money, Node
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter
from schema.source import ExternalRef, Synced, own_reference
from schema.where import DateFilter, DateTimeFilter, IDFilter, SortKey, StringFilter, asked, related, where

GROUP = "nullif({product_group}, '*')"
# Where nothing else was agreed, protection lasts 90 days from the business day of the registration.
PROTECTED_UNTIL = "coalesce({expires_on}, hub_day_by_policy({registered_at}, ({registered_at} AT TIME ZONE 'UTC')::date) + 90)"


@table(
    "deal_registration",
    live="{deleted_at} IS NULL",
    sorts={"REGISTERED_AT": Sort("registered_at", "timestamptz"), "PROTECTED_UNTIL": Sort(PROTECTED_UNTIL, "date")},
    models=("custom",),
)
@strawberry.type(description="A deal a partner registered to protect it.")
class DealRegistration(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    number: str = column("key", "Number at the source.")
    partner: Partner = one("partner_id", "Who registered it.")
    customer: Customer | None = one("customer_id", "Account; null when it is not known or hidden from the caller.")
    account_name: str | None = column("account_name", "Name of the account as registered.")
    product_group: str | None = column(GROUP, "Product group; null = all.")
    registered_at: datetime = column("registered_at", "When it was registered.")
    protected_until: date = column(PROTECTED_UNTIL, "First day on which it is no longer protected.", always=True)
    source_status: str = column(
        "status",
        "Where it stands, as its source says: `submitted`, `approved`, `rejected`, `expired`, `withdrawn`, `won` or `lost`.",
    )
    expected_value: Money | None = money("amount", "currency", "Expected value, without tax.", optional=True)
    external_refs: list[ExternalRef] = own_reference()


@strawberry.input(description="Which deal registrations.")
class DealRegistrationFilter:
    number: StringFilter | None = where("key", "Number at the source.")
    partner: IDFilter | None = where("partner_id", "Who registered it.", to="Partner")
    customer: IDFilter | None = where("customer_id", "Account.", to="Customer")
    product_group: StringFilter | None = where(GROUP, "Product group.")
    source_status: StringFilter | None = where("status", "Where it stands.")
    registered_at: DateTimeFilter | None = where("registered_at", "Time of registration.", cast="timestamptz")
    protected_until: DateFilter | None = where(PROTECTED_UNTIL, "First day without protection.", cast="date")
    partner_is: PartnerFilter | None = related("Partner", "partner_id", "`partner` is such.")
    customer_is: CustomerFilter | None = related("Customer", "customer_id", "`customer` is such.")
    and_: list["DealRegistrationFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["DealRegistrationFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "DealRegistrationFilter | None" = asked("This does not hold.", "not")


@strawberry.enum(
    description="What deal registrations can be sorted by. The id is always added as the last key, so that the order is total."
)
class DealRegistrationSortField(Enum):
    REGISTERED_AT = strawberry.enum_value("registered_at", description="Time of registration.")
    PROTECTED_UNTIL = strawberry.enum_value("protected_until", description="First day without protection.")


@strawberry.input(description="One sort key of deal registrations. At most 3 keys.")
class DealRegistrationSort(SortKey[DealRegistrationSortField]):
    pass


@strawberry.type
class DealRegistrationQuery:
    deal_registrations: Connection[DealRegistration] | None = pages(
        "Deals that partners registered. Default order: newest first.",
        [("REGISTERED_AT", True)],
        filter=DealRegistrationFilter | None,
        order=list[DealRegistrationSort] | None,
    )
