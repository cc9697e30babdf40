"""One account registered by two partners."""

from datetime import date

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.infrastructure import CHILD, MASTER
from benchmarks.conflicts.maker import SOURCE, Maker

RULE = "account_clash"


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    for kind in (met, passed_by):
        kind(maker)


def register(maker: Maker, partner: str, day: date, status: str, **cells: Cell) -> str:
    """Register a deal; return its id."""
    deal = maker.name("BD")
    maker.book.add(
        "deal_registrations", deal_id=deal, partner=partner, registered_at=f"{day}T09:00:00Z", status=status, **cells
    )
    return deal


def twice(
    maker: Maker,
    one: dict[str, Cell],
    other: dict[str, Cell],
    status: str = "approved",
    partners: tuple[str, str] | None = None,
) -> tuple[str, ...]:
    """Register an account twice, ten days apart; return the key of the later one."""
    here, there = maker.apart()
    first, second = partners or (here.partner, there.partner)
    group = maker.name("G")
    register(maker, first, maker.ground.day(2, 5), status, **{"product_group": group, **one})
    deal = register(maker, second, maker.ground.day(2, 15), "submitted", **{"product_group": group, **other})
    return (SOURCE, deal)


def met(maker: Maker) -> None:
    name = maker.name("acct").lower()
    key = twice(maker, {"account_domain": f"{name}.example"}, {"account_domain": f"WWW.{name}.example:443/shop"})
    maker.conflict(RULE, key, "clash", "one domain")

    tax: dict[str, Cell] = {"account_tax_id": maker.name("TAX")}
    maker.conflict(RULE, twice(maker, tax, tax, "submitted"), "race", "one tax number, neither approved")

    top, *branches = (maker.name("BC") for _ in range(3))
    maker.book.add("customers", code=top, name=f"Group {top}")
    for branch in branches:
        maker.book.add("customers", code=branch, name=f"Branch {branch}", parent=top)
    maker.conflict(RULE, twice(maker, {"customer": branches[0]}, {"customer": branches[1]}), "clash", "two branches of a group")


def passed_by(maker: Maker) -> None:
    def account() -> dict[str, Cell]:
        return {"account_domain": f"{maker.name('acct').lower()}.example"}

    one = account()
    maker.look_alike(RULE, twice(maker, one | {"expires_on": maker.ground.day(2, 15)}, one), "protection_over")
    mail: dict[str, Cell] = {"account_domain": "qq.com"}
    names = [{"account_name": f"{maker.name('Buyer')}"} for _ in range(2)]
    maker.look_alike(RULE, twice(maker, mail | names[0], mail | names[1]), "mail_provider")
    one = account()
    maker.look_alike(RULE, twice(maker, one | {"renewal": True}, one), "renewal")
    one = account()
    maker.look_alike(RULE, twice(maker, one, one | {"product_group": maker.name("G")}), "other_group")
    one = account()
    maker.look_alike(RULE, twice(maker, one, one, "rejected"), "rejected")
    one = account()
    maker.look_alike(RULE, twice(maker, one, one, partners=(MASTER, CHILD)), "same_line")
    number = maker.name("")
    key = twice(maker, {"account_name": f"Acme {number} Ltd"}, {"account_name": f"ACME-{number}, Limited"})
    maker.look_alike(RULE, key, "name_only", "possible")

    one, (here, there) = account(), maker.apart()
    joint = register(maker, here.partner, maker.ground.day(2, 5), "approved", **one)
    deal = register(maker, there.partner, maker.ground.day(2, 15), "submitted", **one, linked_deal=joint)
    maker.look_alike(RULE, (SOURCE, deal), "linked_deals")
