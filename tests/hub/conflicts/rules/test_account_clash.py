"""The same account registered by two partners."""

from typing import Any

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "account_clash"
LATER = "2026-03-01T02:00:00Z"


@pytest.fixture
async def world(store: Store) -> World:
    world = await example_world(store)
    await world.deal("D1", "SH-A", "2026-01-10T02:00:00Z", "2026-04-10", "approved", domain="acme.cn")
    return world


async def classes(world: World) -> dict[str, str]:
    """Detect; return the class by deal."""
    return {parts[1]: row["classification"] for parts, row in (await world.judged(RULE)).items()}


async def only(world: World) -> dict[str, Any]:
    """Detect; return the one finding there is."""
    (found,) = (await world.judged(RULE)).values()
    return found


async def test_the_later_registration_is_found(world: World) -> None:
    await world.deal("D2", "GD-B", LATER, domain="https://WWW.acme.cn:443/about?x", amount="900")
    found = await only(world)
    assert (found["parts"], found["classification"], found["is_full"]) == (["demo", "D2"], "clash", True)
    assert (found["accused"], found["victim"], found["value_at_risk"]) == ("GD-B", "SH-A", 900)
    assert (str(found["event_day"]), found["product_group"], found["region"]) == ("2026-03-01", "X", "-")
    evidence = found["evidence"]
    assert (evidence["account_key"], evidence["match"], evidence["days_left"]) == ("d:acme.cn", "0.9", 40)
    assert (evidence["derived_by"], evidence["matched"]) == ("domain", None)
    assert [(record["code"], record["key"]) for record in evidence["records"]] == [("deal", "D2"), ("first_deal", "D1")]
    assert (str(found["strength"]), found["depth"]) == ("0.63", 1)
    await world.deal("D1", "SH-A", "2026-01-10T02:00:00Z", "2026-04-10", "submitted", domain="acme.cn")
    found = await only(world)
    assert (found["classification"], str(found["depth"])) == ("race", "0.5")


async def test_a_registration_that_expired_protects_nobody(world: World) -> None:
    await world.deal("D3", "JS-C", "2026-01-01T02:00:00Z", "2026-02-01", "expired", domain="beta.cn")
    await world.deal("D4", "SH-A", LATER, status="approved", domain="beta.cn")
    assert await classes(world) == {}


@pytest.mark.parametrize(
    "later",
    [
        {"registered": "2026-04-10T02:00:00Z"},
        {"status": "rejected"},
        {"renewal": True},
        {"linked": "D1"},
        {"group": "Y"},
        {"domain": "acme.com"},
        {"partner": "SH-A"},
        {"source": "other", "registered": "2026-01-10T01:00:00Z", "expires": "2026-01-10"},
    ],
)
async def test_what_is_no_clash(world: World, later: dict[str, Any]) -> None:
    await world.deal("D2", **{"partner": "GD-B", "registered": LATER, "domain": "acme.cn"} | later)
    assert await classes(world) == {}


@pytest.mark.parametrize(
    "later",
    [{"registered": "2026-04-09T02:00:00Z"}, {"group": "*"}, {"linked": "D9"}, {"domain": "a@acme.cn"}, {"source": "other"}],
)
async def test_what_is_one_all_the_same(world: World, later: dict[str, Any]) -> None:
    await world.deal("D2", **{"partner": "GD-B", "registered": LATER, "domain": "acme.cn"} | later)
    found = await only(world)
    assert (found["classification"], found["product_group"]) == ("clash", "X")


async def test_a_link_holds_whichever_deal_names_it(world: World) -> None:
    await world.deal("D2", "GD-B", LATER, domain="acme.cn")
    assert await classes(world) == {"D2": "clash"}
    await world.deal("D1", "SH-A", "2026-01-10T02:00:00Z", "2026-04-10", "approved", domain="acme.cn", linked="D2")
    assert await classes(world) == {}


async def test_renewals_clash_with_renewals(world: World) -> None:
    await world.deal("R1", "GD-B", "2026-02-01T02:00:00Z", domain="acme.cn", renewal=True)
    await world.deal("R2", "JS-C", LATER, domain="acme.cn", renewal=True)
    found = await only(world)
    assert (found["evidence"]["deal"], found["evidence"]["first_deal"]) == ("R2", "R1")


async def test_of_two_at_one_instant_the_smaller_id_is_first(world: World) -> None:
    await world.deal("E2", "GD-B", LATER, domain="beta.cn")
    await world.deal("E1", "JS-C", LATER, domain="beta.cn")
    found = await only(world)
    assert (found["evidence"]["deal"], found["evidence"]["first_deal"]) == ("E2", "E1")


async def test_the_window_ends_after_ninety_days_when_nothing_is_said(world: World) -> None:
    await world.deal("D1", "SH-A", "2026-01-10T02:00:00Z", None, "approved", domain="acme.cn")
    await world.deal("D2", "GD-B", "2026-04-09T15:59:00Z", domain="acme.cn")
    assert await classes(world) == {"D2": "clash"}
    # Midnight in the policy's time zone.
    await world.deal("D2", "GD-B", "2026-04-09T16:00:00Z", domain="acme.cn")
    assert await classes(world) == {}


async def test_addresses_at_mail_providers_are_no_account(world: World) -> None:
    await world.deal("D5", "SH-A", LATER, domain="gmail.com")
    await world.deal("D6", "GD-B", "2026-03-02T02:00:00Z", domain="someone@gmail.com")
    assert await classes(world) == {}


async def test_partners_of_one_line_do_not_clash(world: World) -> None:
    await world.deal("D2", "GD-B", LATER, domain="acme.cn")
    assert await classes(world) == {"D2": "clash"}
    await world.partner("GD-B", "CN-GD", parent="JS-C")
    assert await classes(world) == {"D2": "clash"}
    await world.partner("JS-C", "CN-JS", parent="SH-A")
    assert await classes(world) == {}
    await world.partner("JS-C", "CN-JS")
    await world.partner("SH-A", "CN-SH", parent="GD-B")
    assert await classes(world) == {}


async def test_a_name_alone_is_only_possible(world: World) -> None:
    await world.deal("N1", "SH-A", LATER, name="北京 Ａｃｍé 有限公司", status="approved")
    await world.deal("N2", "GD-B", "2026-03-02T02:00:00Z", name="北京acmé股份有限公司")
    found = await only(world)
    assert (found["classification"], found["is_full"], found["depth"]) == ("possible", False, 1)
    assert (found["evidence"]["account_key"], str(found["strength"])) == ("n:北京acmé", "0.42")
    assert found["capped_by"] in (None, "possible")


async def test_customers_tell_that_two_names_are_one_group(world: World) -> None:
    await world.deal("C1", "SH-A", LATER, tax_id="91310")
    await world.deal("C2", "GD-B", "2026-03-02T02:00:00Z", name="Beta Branch Ltd")
    assert await classes(world) == {}
    await world.customer("K0", name="Beta Group")
    await world.customer("K1", name="Beta Head", parent="K0", tax_id="91310")
    await world.customer("K2", name="Beta Branch", parent="K0")
    found = await only(world)
    assert (found["parts"][1], found["classification"]) == ("C2", "possible")
    evidence = found["evidence"]
    assert (evidence["account_key"], evidence["derived_by"], evidence["matched"]) == ("c:K0", "customer_name", "K2")
    assert (evidence["first_derived_by"], evidence["first_matched"]) == ("customer_tax_id", "K1")
    await world.customer("K2", name="Beta Branch")
    assert await classes(world) == {}
    await world.deal("C2", "GD-B", "2026-03-02T02:00:00Z", customer="K1")
    assert await classes(world) == {"C2": "race"}
    # A group that moves takes its deals with it.
    await world.customer("K9", name="Holding", domain="holding.cn")
    await world.deal("C3", "JS-C", "2026-03-03T02:00:00Z", domain="www.holding.cn")
    assert await classes(world) == {"C2": "race"}
    await world.customer("K0", name="Beta Group", parent="K9")
    assert await classes(world) == {"C2": "race", "C3": "race"}


async def test_the_tax_number_counts_before_the_domain_and_the_domain_before_the_name(world: World) -> None:
    await world.customer("K1", name="Gamma", domain="gamma.cn", tax_id="t1")
    await world.customer("K2", name="Delta", domain="delta.cn", tax_id="t2")
    await world.deal("G1", "SH-A", LATER, customer="K1")
    await world.deal("G2", "GD-B", "2026-03-02T02:00:00Z", tax_id="t2", domain="gamma.cn", name="Gamma")
    assert await classes(world) == {}
    await world.deal("G2", "GD-B", "2026-03-02T02:00:00Z", tax_id="t9", domain="shop.gamma.cn", name="Delta")
    found = await only(world)
    assert (found["classification"], found["evidence"]["derived_by"]) == ("race", "customer_domain")
    await world.customer("K1", name="Gamma", domain="gamma.com", tax_id="t1")
    assert await classes(world) == {}


async def test_the_first_customer_by_code_is_the_account(world: World) -> None:
    await world.customer("K5", tax_id="t5")
    await world.deal("T1", "SH-A", LATER, tax_id="t5")
    await world.deal("T2", "GD-B", "2026-03-02T02:00:00Z", customer="K5")
    assert await classes(world) == {"T2": "race"}
    await world.customer("K4", tax_id="t5")
    assert await classes(world) == {}
    await world.deal("T3", "JS-C", "2026-03-03T02:00:00Z", customer="K4")
    assert await classes(world) == {"T3": "race"}
    await world.delete("customer", "K4")
    assert await classes(world) == {"T2": "race"}
    # A deal that names a customer that is gone still means that customer.
    await world.deal("T4", "GD-B", "2026-03-04T02:00:00Z", customer="K4")
    assert await classes(world) == {"T2": "race", "T4": "race"}


async def test_the_earliest_of_several_is_the_one(world: World) -> None:
    await world.deal("D2", "GD-B", LATER, status="approved", domain="acme.cn")
    await world.deal("D3", "JS-C", "2026-03-02T02:00:00Z", domain="acme.cn")
    found = await world.judged(RULE)
    assert {row["evidence"]["first_deal"] for row in found.values()} == {"D1"}
    await world.delete("deal_registration", "D1")
    found = await world.judged(RULE)
    assert {parts[1]: row["evidence"]["first_deal"] for parts, row in found.items()} == {"D3": "D2"}
    await world.deal("D1", "JS-C", "2026-01-10T02:00:00Z", "2026-04-10", "submitted", domain="acme.cn")
    found = await world.judged(RULE)
    assert {parts[1]: row["evidence"]["first_deal"] for parts, row in found.items()} == {"D2": "D1", "D3": "D2"}


async def test_the_amount_at_risk_follows_its_rate(world: World) -> None:
    await world.deal("D2", "GD-B", LATER, domain="acme.cn", amount="900")
    await world.run("UPDATE deal_registration SET currency = 'USD' WHERE key = 'D2'")
    assert (await only(world))["value_at_risk"] is None
    await world.fx("2026-02-01", "USD", "7")
    assert (await only(world))["value_at_risk"] == 6300


@pytest.mark.parametrize(
    ("said", "domain"),
    [
        ("acme.cn", "acme.cn"),
        ("HTTPS://user@Shop.Acme.com.cn:8443/a/b?c#d", "acme.com.cn"),
        ("www.acme.co.uk", "acme.co.uk"),
        ("a.b.acme.de", "acme.de"),
        ("mail.qq.com", None),
        ("someone@163.com", None),
        ("", None),
        (None, None),
    ],
)
async def test_the_registrable_domain(store: Store, said: str | None, domain: str | None) -> None:
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT hub_domain($1)", said) == domain


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("上海（爱 客）股份有限公司", "上海爱客"),
        ("北京爱客有限责任公司", "北京爱客"),
        ("Ａｃｍé S.A.", "acmé"),
        ("Müller & Söhne GmbH", "müllersöhne"),
        ("Acme Co., Ltd.", "acmeco"),
        ("№ 1 Тест", "no1тест"),
        ("公司", None),
        ("---", None),
        (None, None),
    ],
)
async def test_the_name_of_an_account(store: Store, said: str | None, name: str | None) -> None:
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT hub_account_name($1)", said) == name
