"""The same account registered by two partners."""

import pytest

from hub.store.database import Store
from tests.trading import World, example_world

RULE = "account_clash"


@pytest.fixture
async def world(store: Store) -> World:
    world = await example_world(store)
    await world.deal("D1", "SH-A", "2026-01-10T02:00:00Z", "2026-04-10", "approved", domain="acme.cn")
    return world


async def classes(world: World) -> dict[str, str]:
    """Detect; return the class by deal."""
    await world.detect()
    return {parts[1]: row["classification"] for parts, row in (await world.findings(RULE)).items()}


async def test_the_later_registration_is_found(world: World) -> None:
    await world.deal("D2", "GD-B", "2026-03-01T02:00:00Z", domain="https://WWW.acme.cn:443/about?x", amount="900")
    assert await classes(world) == {"D2": "clash"}
    (found,) = (await world.findings(RULE)).values()
    assert (found["accused"], found["victim"], found["value_at_risk"]) == ("GD-B", "SH-A", 900)
    evidence = found["evidence"]
    assert (evidence["account_key"], evidence["match"], evidence["days_left"]) == ("d:acme.cn", "0.9", 40)
    assert str(found["strength"]) == "0.63"
    await world.deal("D1", "SH-A", "2026-01-10T02:00:00Z", "2026-04-10", "submitted", domain="acme.cn")
    assert await classes(world) == {"D2": "race"}


@pytest.mark.parametrize(
    "later",
    [
        {"registered": "2026-04-10T02:00:00Z"},
        {"status": "rejected"},
        {"renewal": True},
        {"linked": "D1"},
        {"group": "Y"},
        {"domain": "acme.com"},
    ],
)
async def test_what_is_no_clash(world: World, later: dict[str, object]) -> None:
    said = {"registered": "2026-03-01T02:00:00Z", "domain": "acme.cn"} | later
    await world.deal("D2", "GD-B", **said)  # type: ignore[arg-type]
    assert await classes(world) == {}


async def test_the_window_ends_after_ninety_days_when_nothing_is_said(world: World) -> None:
    await world.deal("D1", "SH-A", "2026-01-10T02:00:00Z", None, "approved", domain="acme.cn")
    await world.deal("D2", "GD-B", "2026-04-09T15:59:00Z", domain="acme.cn")
    assert await classes(world) == {"D2": "clash"}
    # Midnight in the policy's time zone.
    await world.deal("D2", "GD-B", "2026-04-09T16:00:00Z", domain="acme.cn")
    assert await classes(world) == {}


async def test_addresses_at_mail_providers_are_no_account(world: World) -> None:
    await world.deal("D5", "SH-A", "2026-03-01T02:00:00Z", domain="gmail.com")
    await world.deal("D6", "GD-B", "2026-03-02T02:00:00Z", domain="someone@gmail.com")
    assert await classes(world) == {}


async def test_partners_of_one_line_do_not_clash(world: World) -> None:
    await world.deal("D2", "GD-B", "2026-03-01T02:00:00Z", domain="acme.cn")
    assert await classes(world) == {"D2": "clash"}
    await world.partner("GD-B", "CN-GD", parent="SH-A")
    assert await classes(world) == {}


async def test_a_name_alone_is_only_possible(world: World) -> None:
    await world.deal("N1", "SH-A", "2026-03-01T02:00:00Z", name="北京 Ａｃｍé 有限公司")
    await world.deal("N2", "GD-B", "2026-03-02T02:00:00Z", name="北京acmé股份有限公司")
    assert await classes(world) == {"N2": "possible"}
    (found,) = (await world.findings(RULE)).values()
    assert (found["is_full"], found["evidence"]["account_key"]) == (False, "n:北京acmé")


async def test_customers_tell_that_two_names_are_one_group(world: World) -> None:
    await world.deal("C1", "SH-A", "2026-03-01T02:00:00Z", tax_id="91310")
    await world.deal("C2", "GD-B", "2026-03-02T02:00:00Z", name="Beta Branch Ltd")
    assert await classes(world) == {}
    await world.customer("K0", name="Beta Group")
    await world.customer("K1", name="Beta Head", parent="K0", tax_id="91310")
    await world.customer("K2", name="Beta Branch", parent="K0")
    assert await classes(world) == {"C2": "possible"}
    (found,) = (await world.findings(RULE)).values()
    assert found["evidence"]["account_key"] == "c:K0"
    await world.customer("K2", name="Beta Branch")
    assert await classes(world) == {}
    await world.deal("C2", "GD-B", "2026-03-02T02:00:00Z", customer="K1")
    assert await classes(world) == {"C2": "race"}


async def test_the_earliest_of_several_is_the_one(world: World) -> None:
    await world.deal("D2", "GD-B", "2026-03-01T02:00:00Z", status="approved", domain="acme.cn")
    await world.deal("D3", "JS-C", "2026-03-02T02:00:00Z", domain="acme.cn")
    assert await classes(world) == {"D2": "clash", "D3": "clash"}
    assert {row["evidence"]["first_deal"] for row in (await world.findings(RULE)).values()} == {"D1"}
    await world.delete("deal_registration", "D1")
    assert await classes(world) == {"D3": "clash"}
