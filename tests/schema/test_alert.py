"""The log of deliveries, as it is read."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.alerts.post import ADMINISTRATORS
from hub.store.database import Store
from schema.ids import global_id
from schema.root import build_schema
from tests.web import Client, token, web
from tests.world import a_case, put

LOG = """query ($f: DeliveryFilter) { deliveries(filter: $f) {
    nodes { kind route channel recipient state attempts error alert { reason } digest { alertCount } }
} }"""


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, build_schema()) as client:
        yield client


async def a_log(store: Store) -> dict[str, int]:
    """An alert told to a route, an address and an administrator, and a digest."""
    case = await a_case(store, 1)
    async with store.transaction() as connection:
        alert = await put(connection, "alert", case_id=case, reason="opened", severity="high", dedupe="1")
        to = {"channel": "email", "recipient": "li@example.com"}
        digest = await put(
            connection, "digest", day=datetime(2026, 3, 2, tzinfo=UTC).date(), alert_count=1, finding_count=4, route="n", **to
        )
        await put(connection, "delivery", alert_id=alert, route="north", channel="slack", recipient="env:NORTH", attempts=1,
                  state="failed", error="No answer.")  # fmt: skip
        await put(connection, "delivery", alert_id=alert, route="file", channel="webhook", recipient="file:/run/a@b")
        await put(connection, "delivery", alert_id=alert, route="n", digest_id=digest, state="suppressed", held=True, **to)
        await put(connection, "delivery", alert_id=alert, route=ADMINISTRATORS, **to)
        await put(connection, "delivery", digest_id=digest, route="n", state="delivered", **to)
    return {"case": case, "alert": alert}


async def log(client: Client, **filter: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.data(LOG, variables={"f": filter}))["deliveries"]["nodes"]
    return sorted(nodes, key=lambda one: (one["kind"], one["route"]))


async def test_the_log_says_what_was_sent_to_whom_and_what_became_of_it(store: Store, client: Client) -> None:
    await a_log(store)
    found = await log(client)
    assert [(one["kind"], one["route"], one["recipient"], one["state"]) for one in found] == [
        ("ALERT", "file", "file", "PENDING"),
        ("ALERT", "n", "li***@example.com", "SUPPRESSED"),
        ("ALERT", "north", "north", "FAILED"),
        ("DIGEST", "n", "li***@example.com", "DELIVERED"),
        ("ESCALATION", ADMINISTRATORS, "li***@example.com", "PENDING"),
    ]
    assert found[2]["error"] == "No answer."
    assert found[1]["digest"] == found[3]["digest"] == {"alertCount": 1}
    assert found[3]["alert"] is None
    assert [one["kind"] for one in await log(client, kind={"eq": "DIGEST"})] == ["DIGEST"]
    assert [one["route"] for one in await log(client, state={"in": ["FAILED"]})] == ["north"]


async def test_alerts_are_found_by_reason_and_by_case(store: Store, client: Client) -> None:
    made = await a_log(store)
    query = "query ($f: AlertFilter) { alerts(filter: $f) { totalCount } }"
    for given, many in (
        ({"reason": {"eq": "OPENED"}}, 1),
        ({"reason": {"eq": "SLA"}}, 0),
        ({"case": {"eq": global_id("ConflictCase", made["case"])}}, 1),
    ):
        assert (await client.data(query, variables={"f": given}))["alerts"]["totalCount"] == many


async def test_partners_read_nothing_of_the_log(store: Store, client: Client) -> None:
    await a_log(store)
    async with store.transaction() as connection:
        partner = await connection.fetchval("SELECT id FROM partner LIMIT 1") or await put(
            connection, "partner", code="P", name="P", source_id=1
        )
    for role, more in (("partner", {"partner_id": partner}), ("direct_sales", {}), ("channel_manager", {})):
        answer = (await client.post(LOG, token=await token(store, role, **more))).json()
        assert answer["data"]["deliveries"]["nodes"] == []


async def test_an_alert_has_the_words_of_its_case(store: Store, client: Client) -> None:
    await a_log(store)
    texts = "wording(locale: EN) { locale title summary }"
    answer = await client.data(f"{{ alerts {{ nodes {{ {texts} case {{ {texts} }} }} }} }}")
    (alert,) = answer["alerts"]["nodes"]
    assert alert["wording"] == alert["case"]["wording"]
    assert alert["wording"]["title"]
