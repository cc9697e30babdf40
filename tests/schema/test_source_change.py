"""Sources made through the API: by whom, what is refused and in which words, and that no secret gets anywhere."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from hub.store.user import Person, add_user
from jobs.check import answer_waiting
from jobs.sources import ensure_sources, source_settings
from schema.context import Role
from schema.ids import global_id
from schema.root import build_schema
from tests.web import Client, Deferred, token, web
from tests.world import a_partner

ERRORS = "userErrors { __typename code message path ... on ValidationFailed { rule } ... on StaleVersion { currentVersion } }"
SHOWN = """source { id name title connector state managedByFile version schedule nextRunAt timeZone defaultCurrency removalLimit
    settings { name value values entries { keys value } } streams { name schedule } }"""
UPSERT = f"mutation ($i: UpsertSourceInput!) {{ upsertSource(input: $i) {{ {SHOWN} {ERRORS} }} }}"
DELETE = f"mutation ($i: DeleteSourceInput!) {{ deleteSource(input: $i) {{ {SHOWN} {ERRORS} }} }}"
PAUSE = f"mutation ($i: PauseSourceInput!) {{ pauseSource(input: $i) {{ {SHOWN} {ERRORS} }} }}"
RESUME = f"mutation ($i: ResumeSourceInput!) {{ resumeSource(input: $i) {{ {SHOWN} {ERRORS} }} }}"
CHECK = f"""mutation ($i: CheckSourceInput!) {{ checkSource(input: $i) {{ check {{ id state }} {ERRORS} }} }}"""
TRIED = """query ($id: ID!) { node(id: $id) { ... on SourceCheck {
    state account streams { name recordCount } missing error source { name lastCheck { state } } } } }"""
PLAIN = "swordfish-4711"


@pytest.fixture
def jobs() -> Deferred:
    return Deferred()


@pytest.fixture
def chosen() -> Settings:
    return Settings(home=Path("."))


@pytest.fixture
async def client(store: Store, jobs: Deferred, chosen: Settings) -> AsyncIterator[Client]:
    await ensure_sources(store, chosen)
    async with web(store, build_schema(), jobs=jobs, chosen=chosen) as client:
        yield client


async def call(client: Client, query: str, headers: dict[str, str] | None = None, **given: Any) -> Any:
    (payload,) = (await client.data(query, variables={"i": given}, headers=headers or {})).values()
    return payload


def shop(**more: Any) -> dict[str, Any]:
    settings = {"url": "https://shop.example.com/admin-api", "username": "hub", "password": "env:SHOP", "partner": "S-1"}
    return {
        "name": "shop",
        "connector": "vendure",
        "settings": [{"name": name, "value": value} for name, value in (settings | more.pop("words", {})).items()],
    } | more


def table(*keys: list[str]) -> dict[str, Any]:
    return {"name": "regions", "entries": [{"keys": key, "value": "x"} for key in keys]}


def reasons(payload: Any) -> list[tuple[str, list[str]]]:
    return [(one.get("rule") or one["code"], one["path"][1:]) for one in payload["userErrors"]]


async def test_a_source_is_made_with_its_settings_and_shown_as_it_is(client: Client) -> None:
    regions = {"name": "regions", "entries": [{"keys": ["DE"], "value": "EU-DE"}, {"keys": ["US-CA"], "value": "US-W"}]}
    given = shop(schedule="every 15m", streams=["orders"], timeZone="Europe/Berlin", defaultCurrency="EUR", removalLimit=0.5)
    given["settings"].append(regions)
    payload = await call(client, UPSERT, **given)
    assert payload["userErrors"] == []
    made = payload["source"]
    words = {one["name"]: one for one in made.pop("settings")}
    assert words["password"] == {"name": "password", "value": "env:SHOP", "values": [], "entries": []}
    assert words["regions"]["entries"] == regions["entries"]
    assert {one["name"]: one["schedule"] for one in made.pop("streams")} == {
        "customers": None, "inventory": None, "orders": "every 15m", "products": None,
    }  # fmt: skip
    assert made.pop("nextRunAt") is not None
    del made["id"]
    assert made == {
        "name": "shop", "title": "Vendure", "connector": "vendure", "state": "ACTIVE", "managedByFile": False, "version": 1,
        "schedule": "every 15m", "timeZone": "Europe/Berlin", "defaultCurrency": "EUR", "removalLimit": 0.5,
    }  # fmt: skip


async def test_the_source_of_the_page_is_made(client: Client) -> None:
    page = (Path(__file__).parents[2] / "docs" / "graphql.md").read_text(encoding="utf-8")
    document = page.partition("```graphql make-source\n")[2].partition("```")
    variables = document[2].partition("```json\n")[2].partition("```")[0]
    answer = (await client.data(document[0], variables=json.loads(variables)))["upsertSource"]
    assert (answer["userErrors"], answer["source"]["state"]) == ([], "PAUSED")


async def test_lists_and_tables_of_tables_come_as_the_connector_wants_them(
    client: Client, store: Store, chosen: Settings, tmp_path: Path
) -> None:
    settings = [
        {"name": "folder", "value": str(tmp_path)},
        {"name": "snapshot", "values": ["offers", "inventory"]},
        {"name": "columns", "entries": [{"keys": ["orders", "数量"], "value": "qty"}]},
    ]
    payload = await call(client, UPSERT, name="brand", connector="sheet", settings=settings)
    assert payload["userErrors"] == []
    kept = (await source_settings(store, chosen, "brand")).settings
    assert kept == {"folder": str(tmp_path), "snapshot": ["offers", "inventory"], "columns": {"orders": {"数量": "qty"}}}
    shown = {one["name"]: one for one in payload["source"]["settings"]}
    assert shown["snapshot"]["values"] == ["offers", "inventory"]
    assert shown["columns"]["entries"] == [{"keys": ["orders", "数量"], "value": "qty"}]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (shop(name="Shop!"), ("not_a_name", ["name"])),
        (shop(connector="none"), ("unknown_connector", ["connector"])),
        (shop(schedule="now and then"), ("not_a_schedule", ["schedule"])),
        (shop(schedule="every 99999999999999999999d"), ("not_a_schedule", ["schedule"])),
        (shop(schedule="0 0 31 2 *"), ("not_a_schedule", ["schedule"])),
        (shop(timeZone="Asia"), ("unknown_time_zone", ["timeZone"])),
        (shop(streams=["none"]), ("unknown_stream", ["streams"])),
        (shop(removalLimit=0), ("out_of_range", ["removalLimit"])),
        (shop(title=""), ("length", ["title"])),
        (shop(words={"colour": "red"}), ("unknown_setting", ["settings", "colour"])),
        (shop(words={"time_zone": "Asia"}), ("does_not_fit", ["settings"])),
        (shop(words={"url": "https://hub:secret@shop.example.com"}), ("no_credentials_in_address", ["settings", "url"])),
        (shop(settings=[]), ("required", ["settings", "url"])),
        (shop(settings=[{"name": "url"}]), ("one_form", ["settings", "url"])),
        (shop(settings=[{"name": "url", "value": "a", "values": []}]), ("one_form", ["settings", "url"])),
        (shop(settings=[{"name": "url", "value": "a"}] * 2), ("one_form", ["settings", "url"])),
        (shop(settings=[{"name": "url", "values": ["a"]}]), ("wrong_type", ["settings", "url"])),
        (shop(settings=[table([])]), ("not_a_table", ["settings", "regions"])),
        (shop(settings=[table(["a"], ["a"])]), ("not_a_table", ["settings", "regions"])),
        (shop(settings=[table(["a"], ["a", "b"])]), ("not_a_table", ["settings", "regions"])),
        (shop(settings=[table(["a", "b", "c"])]), ("not_a_table", ["settings", "regions"])),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused_at_its_field_in_both_languages(
    client: Client, store: Store, given: dict[str, Any], reason: tuple[str, list[str]]
) -> None:
    said = []
    for language in ("en", "zh-CN"):
        payload = await call(client, UPSERT, headers={"accept-language": language}, **given)
        assert payload["source"] is None
        assert reasons(payload) == [reason]
        said.append(payload["userErrors"][0]["message"])
    assert said[0].isascii()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said[1])
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM source") == 0


@pytest.mark.parametrize(
    "given",
    [
        shop(words={"password": PLAIN}),
        shop(words={"pasword": PLAIN}),
        shop(words={"url": f"https://hub:{PLAIN}@shop.example.com"}),
    ],
)
async def test_a_secret_by_its_value_is_kept_nowhere(client: Client, store: Store, given: dict[str, Any]) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await client.post(UPSERT, variables={"i": given})
    assert answer.json()["data"]["upsertSource"]["userErrors"]
    assert PLAIN not in answer.text
    assert PLAIN not in json.dumps(logs, default=str)
    assert PLAIN not in await everything(store)


SETTING = {"name": "password", "value": PLAIN}


@pytest.mark.parametrize(
    "settings",
    [
        [SETTING | {"more": 1}],
        {"name": {"plain": PLAIN}},
        [SETTING | {"value": {"plain": PLAIN}}],
        [{"nme": "p", "value": PLAIN}],
        PLAIN,
    ],
)
async def test_what_does_not_fit_the_schema_is_not_repeated(client: Client, settings: Any) -> None:
    answer = await client.post(UPSERT, variables={"i": {"name": "s", "connector": "vendure", "settings": settings}})
    assert answer.json()["errors"]
    assert PLAIN not in answer.text
    literal = f'mutation {{ upsertSource(input: {{ name: "s", connector: {{ plain: "{PLAIN}" }} }}) {{ source {{ id }} }} }}'
    answer = await client.post(literal)
    assert answer.json()["errors"]
    assert PLAIN not in answer.text


async def everything(store: Store) -> str:
    """Return every row of every table as text."""
    async with store.connection() as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [await connection.fetch(f'SELECT t::text FROM "{table[0]}" AS t') for table in tables]
    return "\n".join(str(row[0]) for table in rows for row in table)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_sources_are_made_stopped_and_tried_by_administrators_alone(store: Store, client: Client, role: Role) -> None:
    made = (await call(client, UPSERT, **shop()))["source"]
    partner_id = await a_partner(store, "west") if role is Role.PARTNER else None
    other = await token(store, role.name.lower(), partner_id=partner_id)
    for query, given in (
        (UPSERT, shop(name="other")), (DELETE, {"sourceId": made["id"]}), (PAUSE, {"sourceId": made["id"]}),
        (RESUME, {"sourceId": made["id"]}), (CHECK, {"sourceId": made["id"]}),
    ):  # fmt: skip
        assert await client.code(query, variables={"i": given}, token=other) == "FORBIDDEN"
    answer = await client.post("{ sources { nodes { name settings { value } lastCheck { account } } } }", token=other)
    (seen,) = answer.json()["data"]["sources"]["nodes"]
    assert (seen["settings"], seen["lastCheck"]) == (None, None)
    assert "env:SHOP" not in answer.text
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT array_agg(name) FROM source") == ["shop"]


async def test_what_is_said_of_a_source_is_replaced_and_nobody_overwrites_another(store: Store, client: Client) -> None:
    first = (await call(client, UPSERT, **shop(schedule="every 15m")))["source"]
    late = await call(client, UPSERT, **shop(schedule="every 1h", expectedVersion=7))
    assert reasons(late) == [("STALE_VERSION", ["expectedVersion"])]
    assert late["userErrors"][0]["currentVersion"] == 1
    second = (await call(client, UPSERT, **shop(title="Shop", expectedVersion=1)))["source"]
    assert (second["id"], second["version"], second["title"], second["schedule"]) == (first["id"], 2, "Shop", None)
    assert second["nextRunAt"] is None
    again = (await call(client, UPSERT, **shop(title="Shop")))["source"]
    assert again["version"] == 2
    fresh = await call(client, UPSERT, **shop(name="other", expectedVersion=1))
    assert reasons(fresh) == [("STALE_VERSION", ["expectedVersion"])]
    other = await call(client, UPSERT, name="shop", connector="sheet", settings=[{"name": "folder", "value": "/srv"}])
    assert reasons(other) == [("connector_is_fixed", ["connector"])]


async def test_a_source_of_the_file_is_read_only(store: Store, jobs: Deferred, tmp_path: Path) -> None:
    one = SourceSettings(name="brand", connector="sheet", schedule="every 1h", settings={"folder": str(tmp_path)})
    chosen = Settings(home=Path("."), source=[one])
    await ensure_sources(store, chosen)
    query = "{ sources { nodes { id name managedByFile schedule settings { name value } } } }"
    settings = [{"name": "folder", "value": "/srv"}]
    for known in (chosen, Settings(home=Path("."))):
        async with web(store, build_schema(), jobs=jobs, chosen=known) as client:
            payload = await call(client, UPSERT, name="brand", connector="sheet", settings=settings)
            assert reasons(payload) == [("POLICY_DENIED", ["name"])]
            (shown,) = (await client.data(query))["sources"]["nodes"]
            assert (shown["managedByFile"], shown["schedule"]) == (True, "every 1h")
            assert shown["settings"] == [{"name": "folder", "value": str(tmp_path)}]
            assert reasons(await call(client, DELETE, sourceId=shown["id"])) == [("POLICY_DENIED", ["sourceId"])]
            paused = await call(client, PAUSE, sourceId=shown["id"])
            assert (paused["userErrors"], paused["source"]["state"]) == ([], "PAUSED")
            assert (await call(client, RESUME, sourceId=shown["id"]))["source"]["state"] == "ACTIVE"


async def test_a_plain_secret_of_the_file_is_not_shown(store: Store, jobs: Deferred) -> None:
    words = {one["name"]: one["value"] for one in shop(words={"password": PLAIN})["settings"]}
    chosen = Settings(home=Path("."), source=[SourceSettings(name="shop", connector="vendure", settings=words)])
    await ensure_sources(store, chosen)
    assert PLAIN not in await everything(store)


async def test_a_file_that_comes_to_declare_a_name_of_the_api_holds_and_that_is_written_down(
    store: Store, client: Client, tmp_path: Path
) -> None:
    settings = [{"name": "folder", "value": "/srv"}]
    made = (await call(client, UPSERT, name="brand", connector="sheet", settings=settings))["source"]
    one = SourceSettings(name="brand", connector="sheet", settings={"folder": str(tmp_path)})
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            await ensure_sources(store, Settings(home=Path("."), source=[one]))
    assert [entry["source"] for entry in logs if entry["log_level"] == "warning"] == ["brand"]
    (shown,) = (await client.data("{ sources { nodes { id managedByFile settings { value } } } }"))["sources"]["nodes"]
    assert shown == {"id": made["id"], "managedByFile": True, "settings": [{"value": str(tmp_path)}]}
    log = (await client.data("{ auditLog { nodes { action noun subjectId } } }"))["auditLog"]["nodes"]
    assert log[0] == {"action": "handed_over", "noun": "source", "subjectId": made["id"]}
    # When the file lets go of the name, it is free.
    await ensure_sources(store, Settings(home=Path(".")))
    again = await call(client, UPSERT, name="brand", connector="sheet", settings=settings)
    assert (again["userErrors"], again["source"]["state"], again["source"]["managedByFile"]) == ([], "ACTIVE", False)


async def test_a_removed_source_keeps_its_records_and_its_name(store: Store, client: Client, chosen: Settings) -> None:
    made = (await call(client, UPSERT, **shop(schedule="every 15m")))["source"]
    async with store.connection() as connection:
        await connection.execute(
            "INSERT INTO raw_record (stream_id, key, raw_hash, content_hash, body, run_id)"
            " SELECT min(id), 'k', '\\x00', '\\x00', '\\x00', 0 FROM stream"
        )
    assert reasons(await call(client, DELETE, sourceId=made["id"], expectedVersion=9)) == [
        ("STALE_VERSION", ["expectedVersion"])
    ]
    for _ in range(2):
        payload = await call(client, DELETE, sourceId=made["id"])
        assert payload["userErrors"] == []
        assert (payload["source"]["state"], payload["source"]["settings"]) == ("DISABLED", [])
        assert (payload["source"]["schedule"], payload["source"]["nextRunAt"]) == (None, None)
    await ensure_sources(store, chosen)
    assert (await client.data("{ sources { nodes { state } } }"))["sources"]["nodes"] == [{"state": "DISABLED"}]
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM raw_record") == 1
    for query in (PAUSE, RESUME, CHECK):
        assert reasons(await call(client, query, sourceId=made["id"])) == [("SOURCE_UNAVAILABLE", ["sourceId"])]
    back = await call(client, UPSERT, **shop())
    assert (back["source"]["id"], back["source"]["state"]) == (made["id"], "ACTIVE")


async def test_a_source_is_made_paused_and_resumed_and_all_of_it_is_written_down(store: Store, client: Client) -> None:
    async with store.transaction() as connection:
        li = await add_user(connection, Person(email="li@example.com", name="Li", roles=("admin",)))
    mine = await token(store, "admin", user_id=li)

    async def act(query: str, **given: Any) -> Any:
        (payload,) = (await client.data(query, variables={"i": given}, token=mine)).values()
        assert payload["userErrors"] == []
        return payload["source"]

    made = await act(UPSERT, **shop(schedule="every 15m", paused=True))
    assert (made["state"], made["nextRunAt"]) == ("PAUSED", None)
    assert (await act(UPSERT, **shop(schedule="every 1h")))["state"] == "PAUSED"
    assert (await act(RESUME, sourceId=made["id"]))["state"] == "ACTIVE"
    assert (await act(PAUSE, sourceId=made["id"]))["state"] == "PAUSED"
    assert (await act(PAUSE, sourceId=made["id"]))["state"] == "PAUSED"
    assert (await act(UPSERT, **shop(paused=False)))["state"] == "ACTIVE"
    assert (await act(DELETE, sourceId=made["id"]))["state"] == "DISABLED"
    log = (await client.data("{ auditLog { nodes { action actor { displayName } } } }"))["auditLog"]["nodes"]
    assert [one["action"] for one in reversed(log)] == [
        "created", "changed", "resumed", "paused", "changed", "removed",
    ]  # fmt: skip
    assert {one["actor"]["displayName"] for one in log} == {"Li"}


@pytest.mark.parametrize("state", ["needs_attention", "reauth_required"])
async def test_a_source_that_waited_for_a_person_is_read_again(store: Store, client: Client, state: str) -> None:
    made = (await call(client, UPSERT, **shop()))["source"]
    for act in ((UPSERT, shop(words={"username": "other"})), (RESUME, {"sourceId": made["id"]})):
        async with store.connection() as connection:
            await connection.execute("UPDATE source SET state = $1, state_reason = 'Mend it.'", state)
        assert (await call(client, act[0], **act[1]))["source"]["state"] == "ACTIVE"


async def test_a_try_is_made_by_a_worker_and_tells_what_the_source_holds(
    store: Store, client: Client, jobs: Deferred, chosen: Settings, tmp_path: Path
) -> None:
    (tmp_path / "regions.csv").write_text("code,name\nCN,China\n", encoding="utf-8")
    made = (await call(client, UPSERT, name="brand", connector="sheet", settings=[{"name": "folder", "value": str(tmp_path)}]))[
        "source"
    ]
    first = await call(client, CHECK, sourceId=made["id"])
    second = await call(client, CHECK, sourceId=made["id"])
    assert first == second
    assert first["check"]["state"] == "QUEUED"
    assert jobs.told == ["check", "check"]
    await answer_waiting(store, chosen)
    tried = (await client.data(TRIED, variables={"id": first["check"]["id"]}))["node"]
    assert (tried["state"], tried["error"], tried["source"]) == (
        "DONE",
        None,
        {"name": "brand", "lastCheck": {"state": "DONE"}},
    )
    assert "regions" in [one["name"] for one in tried["streams"]]


async def test_a_try_that_fails_says_what_to_do_and_stops_no_other(
    store: Store, client: Client, chosen: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP", raising=False)
    one = (await call(client, UPSERT, **shop()))["source"]
    two = (await call(client, UPSERT, name="brand", connector="sheet", settings=[{"name": "folder", "value": str(tmp_path)}]))[
        "source"
    ]
    checks = [(await call(client, CHECK, sourceId=made["id"]))["check"]["id"] for made in (one, two)]
    await answer_waiting(store, chosen)
    tried = [(await client.data(TRIED, variables={"id": id}))["node"] for id in checks]
    assert [check["state"] for check in tried] == ["FAILED", "DONE"]
    assert "SHOP is not set" in tried[0]["error"]


async def test_a_source_there_is_not_is_not_found(client: Client) -> None:
    for query in (DELETE, PAUSE, RESUME, CHECK):
        assert reasons(await call(client, query, sourceId=global_id("Source", 7))) == [("NOT_FOUND", ["sourceId"])]
