"""Claim (返利申报): money a partner asks for."""

from datetime import date
from enum import Enum

import strawberry

from schema.compiler.catalog import Sort, column, money, one, pages, part, table
from schema.customer import Customer, CustomerFilter
from schema.node import GLOBAL_ID, Money, Node, Quantity, goods
from schema.paging import Connection
from schema.partner import Partner, PartnerFilter
from schema.product import Product, ProductFilter
from schema.source import ExternalRef, Synced, own_reference
from schema.where import Choice, DateFilter, IDFilter, MoneyFilter, SortKey, StringFilter, asked, related, where


@strawberry.enum(description="What money is claimed for.")
class ClaimKind(Enum):
    REBATE = strawberry.enum_value("rebate", description="Rebate of a programme.")
    SHIP_AND_DEBIT = strawberry.enum_value("ship_and_debit", description="Difference to a price agreed for one customer.")
    SPIF = strawberry.enum_value("spif", description="Bonus for the people who sold.")
    MDF = strawberry.enum_value("mdf", description="Market development; not tied to an article.")


@table(
    "claim",
    live="{deleted_at} IS NULL",
    sorts={"SOLD_ON": Sort("claim_date", "date"), "AMOUNT": Sort("amount", "numeric")},
    models=("claim",),
)
@strawberry.type(description="A partner's request for a rebate, price protection or other refund.")
class Claim(Node, Synced):
    id: strawberry.ID = column("id", GLOBAL_ID)
    number: str = column("key", "Number at the source.")
    partner: Partner = one("partner_id", "Who claims.")
    program: str = column("program", "Programme it is made under.")
    kind: ClaimKind = column("kind", "What for.")
    product: Product | None = one("product_id", "Product; null on claims of kind MDF.")
    customer: Customer | None = one("customer_id", "Who bought, as claimed; null when not said or hidden from the caller.")
    quantity: Quantity | None = part(
        goods("{qty}"), "How much was sold, as claimed; null on claims of kind MDF.", when="{qty} IS NOT NULL"
    )
    amount: Money = money("amount", "currency", "Amount claimed.")
    invoice_ref: str | None = column("invoice_ref", "Invoice it refers to.")
    serial: str | None = column("serial", "Serial number it is about.")
    sold_on: date = column("claim_date", "Day of the sale, as claimed.")
    source_status: str = column(
        "status", "Where it stands, as its source says: `submitted`, `approved`, `paid`, `rejected` or `withdrawn`."
    )
    external_refs: list[ExternalRef] = own_reference()


@strawberry.input(description="Conditions on ClaimKind.")
class ClaimKindFilter(Choice[ClaimKind]):
    pass


@strawberry.input(description="Which claims.")
class ClaimFilter:
    number: StringFilter | None = where("key", "Number at the source.")
    partner: IDFilter | None = where("partner_id", "Who claims.", to="Partner")
    program: StringFilter | None = where("program", "Programme.")
    kind: ClaimKindFilter | None = where("kind", "Kind.")
    product: IDFilter | None = where("product_id", "Product.", to="Product")
    customer: IDFilter | None = where("customer_id", "Who bought.", to="Customer")
    invoice_ref: StringFilter | None = where("invoice_ref", "Invoice.")
    serial: StringFilter | None = where("serial", "Serial number.")
    amount: MoneyFilter | None = where("amount", "Amount claimed.", cast="numeric")
    source_status: StringFilter | None = where("status", "Where it stands.")
    sold_on: DateFilter | None = where("claim_date", "Day of the sale.", cast="date")
    partner_is: PartnerFilter | None = related("Partner", "partner_id", "`partner` is such.")
    product_is: ProductFilter | None = related("Product", "product_id", "`product` is such.")
    customer_is: CustomerFilter | None = related("Customer", "customer_id", "`customer` is such.")
    and_: list["ClaimFilter"] | None = asked("All of these hold, at most 20.", "and")
    or_: list["ClaimFilter"] | None = asked("At least one of these holds, at most 20.", "or")
    not_: "ClaimFilter | None" = asked("This does not hold.", "not")


@strawberry.enum(
    description="What claims can be sorted by. The id is always added as the last key, so that the order is total."
)
class ClaimSortField(Enum):
    SOLD_ON = strawberry.enum_value("sold_on", description="Day of the sale.")
    AMOUNT = strawberry.enum_value("amount", description="Amount claimed, without regard to currency.")


@strawberry.input(description="One sort key of claims. At most 3 keys.")
class ClaimSort(SortKey[ClaimSortField]):
    pass


@strawberry.type
class ClaimQuery:
    claims: Connection[Claim] | None = pages(
        "Claims of partners. Default order: newest first.",
        [("SOLD_ON", True)],
        filter=ClaimFilter | None,
        order=list[ClaimSort] | None,
    )
