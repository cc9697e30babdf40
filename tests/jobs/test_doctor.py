"""The doctor says in sentences what is wrong and what to do, and nothing when all is well."""

import asyncio
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.settings import OidcSettings, RouteSettings, ServerSettings, Settings, SmtpSettings, SourceSettings
from hub.store.alert_route import Route, upsert_route
from hub.store.database import Store
from jobs.doctor import ailing, unfit, unloadable, unproven, unreachable
from tests.issuer import issuing
from tests.mail import mailbox
from tests.runs import requested, source

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "channelhub.example.toml").read_text(encoding="utf-8")


def settings(**values: object) -> Settings:
    """Settings of a hub."""
    return Settings.model_validate({"home": ".", **values})


async def test_an_empty_hub_is_well(store: Store) -> None:
    assert unfit(settings()) == []
    assert unloadable() == []
    assert await ailing(store) == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"source": [{"name": "shop", "connector": "nope"}]}, "The source shop: There is no connector 'nope'"),
        ({"source": [{"name": "shop", "connector": "sheet", "schedule": "often"}]}, "'often' is not a schedule"),
        ({"scans": "often"}, "The setting scans"),
        ({"route": [{"name": "all", "to": ["a@example.com"]}]}, "no [smtp]"),
        (
            {"route": [{"name": "all", "target": "env:UNSET_HOOK"}]},
            "The route all: The environment variable UNSET_HOOK is not set",
        ),
        ({"smtp": {"password": "env:UNSET_PASSWORD"}}, "The setting smtp.password: The environment variable UNSET_PASSWORD"),
    ],
)
def test_settings_that_do_not_fit_are_named(values: dict[str, object], says: str) -> None:
    (sentence,) = unfit(settings(**values))
    assert says in sentence


@pytest.mark.parametrize("state", ["broken", "needs_attention", "reauth_required"])
async def test_a_source_that_waits_for_a_person_is_named_with_its_reason(store: Store, state: str) -> None:
    await source(store, "shop")
    async with store.connection() as connection:
        await connection.execute("UPDATE source SET state = $1, state_reason = 'The password was refused.'", state)
    (sentence,) = await ailing(store)
    assert "shop is not read: The password was refused." in sentence
    assert "channelhub sync shop" in sentence


async def test_paused_sources_failed_runs_rejects_and_deliveries_are_named(store: Store) -> None:
    await source(store, "paused")
    failed = await source(store, "failed")
    await requested(store, failed, state="failed")
    async with store.connection() as connection:
        await connection.execute("UPDATE source SET state = 'paused' WHERE name = 'paused'")
        await connection.execute("UPDATE sync_run SET error_message = 'The shop did not answer.'")
        await connection.execute(
            "INSERT INTO reject (source_id, stream_id, run_id, identity, body, reason, code, message)"
            " VALUES ($1, 1, 1, 'k', '', 'invalid_value', 'bad_enum', 'bad')",
            failed,
        )
        await connection.execute(
            "INSERT INTO delivery (alert_id, route, channel, recipient, state, error)"
            " VALUES (1, 'north', 'email', 'a@example.com', 'failed', 'No answer.')"
        )
    said = "\n".join(await ailing(store))
    for part in (
        "The source paused is paused",
        "The latest run of the source failed failed: The shop did not answer.",
        "1 records of the source failed are set aside",
        "1 alerts by the route north did not arrive: No answer.",
    ):
        assert part in said


async def test_a_mail_server_that_is_away_is_named() -> None:
    assert unreachable(settings()) == []
    async with mailbox() as box:
        reachable = settings(smtp=box.smtp.model_dump())
        assert await asyncio.to_thread(unreachable, reachable) == []
        await box.called.wait()
    (sentence,) = unreachable(reachable)
    assert f"The mail server 127.0.0.1, port {box.smtp.port}, cannot be reached" in sentence


async def test_an_identity_provider_whose_keys_cannot_be_read_is_named() -> None:
    assert await unproven(settings()) == []
    async with issuing() as issuer:
        trusting = settings(server={"oidc": issuer.settings().model_dump()})
        assert await unproven(trusting) == []
        issuer.status = 503
        (sentence,) = await unproven(trusting)
    assert f"The identity provider {issuer.issuer} did not tell its keys: it answered with the status 503." in sentence
    (sentence,) = await unproven(trusting)
    assert issuer.issuer in sentence
    assert "[server.oidc]" in sentence


async def test_routes_of_the_api_are_looked_at_too(store: Store) -> None:
    async with store.transaction() as connection:
        route = Route(name="north", target="env:UNSET_HOOK", secret="file:/nowhere/secret")
        await upsert_route(connection, route, datetime.now(UTC))
    said = await ailing(store)
    assert len(said) == 2
    assert "The route north: The environment variable UNSET_HOOK is not set" in said[0]
    assert "The route north: The secret file /nowhere/secret cannot be read" in said[1]


async def test_rules_without_records_are_named_once_there_are_records_at_all(store: Store) -> None:
    await source(store, "brand")
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO raw_record (stream_id, key, raw_hash, content_hash, body, run_id)"
            " SELECT id, 'k', '', '', '', 1 FROM stream"
        )
    assert any("The rule cross_region_sale says nothing: it needs" in sentence for sentence in await ailing(store))


def test_the_example_file_shows_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SMTP_PASSWORD", "NORTH_WEBHOOK", "NORTH_SECRET"):
        monkeypatch.setenv(name, "set")
    shown = tomllib.loads(EXAMPLE)
    usual = settings().model_dump(mode="json", exclude_none=True)
    assert {name: usual[name] for name in shown if name != "home"} == {n: v for n, v in shown.items() if n != "home"}
    whole = tomllib.loads(re.sub(r"^#(?=[^\s#])", "", EXAMPLE, flags=re.MULTILINE))
    read = Settings.model_validate(whole)
    assert set(whole) == set(Settings.model_fields)
    server = whole["server"]
    parts = ((server, ServerSettings), (server["oidc"], OidcSettings), (whole["smtp"], SmtpSettings))
    lists = ((whole["source"][0], SourceSettings), (whole["route"][0], RouteSettings))
    for given, kind in (*parts, *lists):
        assert set(given) == set(kind.model_fields)
    assert unfit(read) == []
