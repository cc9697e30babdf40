"""A file of sheets from its announcement to its records, and what is not taken on the way."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
import time_machine

from hub.clock import now
from hub.settings import Settings, SourceSettings
from hub.store.database import Store
from jobs import queue
from jobs.queue import Queue, open_queue
from jobs.sources import ensure_source
from jobs.sweep import sweep
from jobs.sync import sync
from jobs.uploads import tidy
from schema.ids import global_id, read_id
from schema.root import build_schema
from tests.web import Client, token, web
from tests.world import a_partner

ERRORS = "userErrors { __typename code message path ... on ValidationFailed { rule } }"
SEEN = "upload { id fileName size sha256 state receivedAt importedAt source { name } requestedBy { displayName } }"
ASK = f"mutation ($i: RequestUploadInput!) {{ requestUpload(input: $i) {{ path {SEEN} {ERRORS} }} }}"
IMPORT = f"""mutation ($i: ImportUploadInput!) {{
    importUpload(input: $i) {{ {SEEN} runs {{ id state stream {{ name }} }} {ERRORS} }}
}}"""
RUNS = """query ($id: ID!) { node(id: $id) { ... on SheetUpload { runs(first: 100) {
    nodes { state recordsRead recordsNew recordsRejected stream { name } rejects(first: 5) { nodes { place { file line } } } }
} } } }"""
PARTNERS = b"code,name,type\nA,Alpha,distributor\nB,Beta,nonsense\n"
ROLES = ("analyst", "channel_manager", "direct_sales", "partner", "service")


def zipped(**files: bytes) -> bytes:
    """Return an archive of a folder."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"sheets/{name}.csv", text)
    return body.getvalue()


@dataclass
class Counter:
    """Sends files to a served hub and has them imported."""

    store: Store
    client: Client
    queue: Queue
    asked: int = 0

    async def call(self, query: str, language: str = "en", **given: Any) -> Any:
        self.asked += 1
        variables = {"i": {"idempotencyKey": f"k{self.asked}"} | given}
        (payload,) = (await self.client.data(query, variables=variables, headers={"accept-language": language})).values()
        return payload

    async def announced(self, name: str, body: bytes, **more: Any) -> Any:
        payload = await self.call(ASK, fileName=name, size=len(body), **more)
        assert payload["userErrors"] == []
        return payload

    async def put(self, path: str, body: bytes | AsyncIterator[bytes]) -> httpx2.Response:
        return await self.client.http.put(path, content=body)

    async def sent(self, name: str, body: bytes, **more: Any) -> str:
        """Send a file and return its id."""
        payload = await self.announced(name, body, **more)
        assert (await self.put(payload["path"], body)).status_code == 201
        return str(payload["upload"]["id"])

    async def carry_out(self) -> None:
        """Do what a worker does."""
        async with self.store.connection() as connection:
            due = await connection.fetch("SELECT id FROM sync_run WHERE state = 'requested' ORDER BY id")
        for row in due:
            await sync(self.store, self.queue.settings, row["id"], resumes=True)

    async def partners(self) -> list[str]:
        async with self.store.connection() as connection:
            return [
                row["name"] for row in await connection.fetch("SELECT name FROM partner WHERE source_id <> 0 ORDER BY name")
            ]

    def shelf(self) -> list[str]:
        folder = self.queue.settings.home / "uploads"
        return sorted(path.name.partition(".")[0] for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
async def counter(store: Store, tmp_path: Path) -> AsyncIterator[Counter]:
    settings = Settings(
        home=tmp_path, source=[SourceSettings(name="brand", connector="sheet", settings={"folder": "/nowhere"})]
    )
    await queue.migrate(store)
    async with (
        open_queue(store, settings) as opened,
        web(store, build_schema(), jobs=opened, chosen=Settings(home=tmp_path)) as client,
    ):
        yield Counter(store, client, opened)


def reasons(payload: Any) -> list[tuple[str, str]]:
    return [(one.get("rule") or one["code"], one["path"][-1]) for one in payload["userErrors"]]


async def test_a_file_is_sent_imported_and_removed(counter: Counter) -> None:
    sha256 = hashlib.sha256(PARTNERS).hexdigest()
    upload = await counter.sent("partners.csv", PARTNERS, sha256=sha256)
    payload = await counter.call(IMPORT, uploadId=upload, source="sent")
    assert payload["userErrors"] == []
    assert {key: payload["upload"][key] for key in ("fileName", "size", "sha256", "state", "source")} == {
        "fileName": "partners.csv", "size": len(PARTNERS), "sha256": sha256, "state": "IMPORTED", "source": {"name": "sent"},
    }  # fmt: skip
    assert "partners" in [run["stream"]["name"] for run in payload["runs"]]
    assert await counter.queue.runs_in_hand() == {read_id(run["id"], "SyncRun") for run in payload["runs"]}
    await tidy(counter.store, counter.queue.settings)
    assert set(counter.shelf()) == {f"{read_id(upload, 'SheetUpload')}"}
    await counter.carry_out()
    assert await counter.partners() == ["Alpha"]
    runs = (await counter.client.data(RUNS, variables={"id": upload}))["node"]["runs"]["nodes"]
    (read,) = [run for run in runs if run["recordsRead"]]
    assert read == {
        "state": "SUCCEEDED_WITH_REJECTS", "recordsRead": 2, "recordsNew": 1, "recordsRejected": 1,
        "stream": {"name": "partners"}, "rejects": {"nodes": [{"place": {"file": "partners.csv", "line": 3}}]},
    }  # fmt: skip
    await sweep(counter.queue)
    assert counter.shelf() == []
    log = await counter.client.data("{ auditLog { nodes { action noun subjectId } } }")
    assert log["auditLog"]["nodes"] == [{"action": "imported", "noun": "sheet_upload", "subjectId": upload}]


async def test_an_archive_of_a_folder_loads_as_the_folder_would(counter: Counter) -> None:
    upload = await counter.sent("march.zip", zipped(partners=PARTNERS, regions=b"code,kind\nUS,country\n"))
    payload = await counter.call(IMPORT, uploadId=upload)
    assert payload["upload"]["source"] == {"name": "import"}
    await counter.carry_out()
    assert await counter.partners() == ["Alpha"]


async def test_asked_again_it_is_not_loaded_again(counter: Counter) -> None:
    asked: Any = {"fileName": "partners.csv", "size": len(PARTNERS), "idempotencyKey": "same"}
    first = await counter.call(ASK, **asked)
    assert await counter.call(ASK, **asked) == first
    await counter.put(first["path"], PARTNERS)
    assert (await counter.call(ASK, **asked))["path"] is None
    upload = first["upload"]["id"]
    payload = await counter.call(IMPORT, uploadId=upload, idempotencyKey="load")
    await counter.carry_out()
    again = [await counter.call(IMPORT, uploadId=upload, idempotencyKey=key) for key in ("load", "other")]
    for one in again:
        assert [run["id"] for run in one["runs"]] == [run["id"] for run in payload["runs"]]
    async with counter.store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM sync_run") == len(payload["runs"])
        assert await connection.fetchval("SELECT count(*) FROM audit") == 1
    elsewhere = await counter.call(IMPORT, uploadId=upload, source="elsewhere")
    assert reasons(elsewhere) == [("imported_elsewhere", "source")]


async def test_an_address_is_good_for_its_file_alone_once_and_for_a_short_time(counter: Counter) -> None:
    payload = await counter.announced("partners.csv", PARTNERS, sha256=hashlib.sha256(PARTNERS).hexdigest())
    parts = urlsplit(payload["path"])
    words = {name: values[0] for name, values in parse_qs(parts.query).items()}
    for change in (
        {"size": "9999"},
        {"expires": "99999999999"},
        {"sha256": "0" * 64},
        {"signature": "0" * 64},
        {"signature": "é"},
    ):
        assert (await counter.put(f"{parts.path}?{urlencode(words | change)}", PARTNERS)).status_code == 403, change
    assert (await counter.put(parts.path, PARTNERS)).status_code == 403
    other = global_id("SheetUpload", read_id(payload["upload"]["id"], "SheetUpload") + 1)
    assert (await counter.put(f"/uploads/{other}?{parts.query}", PARTNERS)).status_code == 403
    with time_machine.travel(now() + timedelta(minutes=16), tick=False):
        assert (await counter.put(payload["path"], PARTNERS)).status_code == 403

    async def pieces(body: bytes) -> AsyncIterator[bytes]:
        yield body[:10]
        yield body[10:]

    for wrong in (PARTNERS + b"x", PARTNERS[:-1], PARTNERS[:-1] + b"x"):
        assert (await counter.put(payload["path"], wrong)).status_code == 400
        assert (await counter.put(payload["path"], pieces(wrong))).status_code == 400
    assert counter.shelf() == []
    assert (await counter.put(payload["path"], pieces(PARTNERS))).status_code == 201
    repeated = await counter.put(payload["path"], PARTNERS)
    assert (repeated.status_code, repeated.json()["errors"][0]["extensions"]["code"]) == (409, "INVALID_TRANSITION")
    assert len(counter.shelf()) == 1


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"fileName": "../orders.csv"}, ("unsafe_name", "fileName")),
        ({"fileName": "orders.tar"}, ("nested_archive", "fileName")),
        ({"fileName": "orders.exe"}, ("wrong_kind", "fileName")),
        ({"size": 0}, ("size", "size")),
        ({"size": 268_435_457}, ("size", "size")),
        ({"sha256": "ABC"}, ("not_a_hash", "sha256")),
    ],
)
async def test_what_cannot_be_taken_is_refused_when_it_is_announced(
    counter: Counter, given: dict[str, Any], reason: tuple[str, str]
) -> None:
    asked = {"fileName": "orders.csv", "size": 5} | given
    english, chinese = [await counter.call(ASK, language, **asked) for language in ("en", "zh-CN")]
    assert reasons(english) == reasons(chinese) == [reason]
    assert english["userErrors"][0]["message"] != chinese["userErrors"][0]["message"]
    assert (english["path"], english["upload"]) == (None, None)


async def test_what_is_no_folder_of_sheets_is_not_imported(counter: Counter) -> None:
    upload = await counter.sent("sheets.zip", zipped(**{"../../partners": PARTNERS}))
    refused = await counter.call(IMPORT, uploadId=upload)
    assert (reasons(refused), refused["runs"], refused["upload"]) == ([("unsafe_name", "uploadId")], [], None)
    assert (await counter.client.data("{ sources { totalCount } }"))["sources"]["totalCount"] == 0
    missing = await counter.call(IMPORT, uploadId=global_id("SheetUpload", 1))
    assert reasons(missing) == [("NOT_FOUND", "uploadId")]
    early = await counter.announced("partners.csv", PARTNERS)
    assert reasons(await counter.call(IMPORT, uploadId=early["upload"]["id"])) == [("INVALID_TRANSITION", "uploadId")]


async def test_a_source_that_reads_by_itself_takes_no_uploads(counter: Counter, tmp_path: Path) -> None:
    timed = SourceSettings(name="timed", connector="sheet", schedule="every 1h", settings={"folder": str(tmp_path)})
    await ensure_source(counter.store, counter.queue.settings, timed, managed_by="api")
    upload = await counter.sent("partners.csv", PARTNERS)
    for name, rule in (("brand", "reads_elsewhere"), ("timed", "reads_elsewhere"), ("No Name", "not_a_name")):
        assert reasons(await counter.call(IMPORT, uploadId=upload, source=name)) == [(rule, "source")], name
    assert (await counter.call(IMPORT, uploadId=upload, source="mine"))["userErrors"] == []


async def test_a_source_loads_one_upload_after_the_other(counter: Counter) -> None:
    first = await counter.sent("partners.csv", PARTNERS)
    second = await counter.sent("partners.csv", PARTNERS.replace(b"Alpha", b"Aleph"))
    await counter.call(IMPORT, uploadId=first)
    waits = await counter.call(IMPORT, uploadId=second)
    assert reasons(waits) == [("SOURCE_UNAVAILABLE", "source")]
    await counter.carry_out()
    assert (await counter.call(IMPORT, uploadId=second))["userErrors"] == []
    await counter.carry_out()
    assert await counter.partners() == ["Aleph"]


async def test_a_run_that_broke_off_or_was_lost_reads_its_upload_still(counter: Counter) -> None:
    """Whatever else is asked of the source meanwhile."""
    upload = await counter.sent("partners.csv", PARTNERS)
    payload = await counter.call(IMPORT, uploadId=upload)
    run = next(read_id(run["id"], "SyncRun") for run in payload["runs"] if run["stream"]["name"] == "partners")
    async with counter.store.transaction() as connection:
        await connection.execute(
            "UPDATE sync_run SET state = 'partial', finished_at = now() - interval '2 minutes', "
            "retry_at = now() - interval '1 minute' WHERE id = $1",
            run,
        )
        await connection.execute("UPDATE sync_run SET state = 'succeeded' WHERE state = 'requested'")
        source = await connection.fetchval("SELECT id FROM source")
    sync_now = "mutation ($i: RequestSyncInput!) { requestSync(input: $i) { userErrors { code } } }"
    assert (await counter.call(sync_now, sourceId=global_id("Source", source)))["userErrors"] == []
    await sweep(counter.queue)
    assert len(counter.shelf()) > 0
    async with counter.store.connection() as connection:
        last = await connection.fetch("SELECT id FROM sync_run WHERE state = 'requested' ORDER BY upload_id NULLS FIRST")
    for row in last:
        await sync(counter.store, counter.queue.settings, row["id"], resumes=True)
    assert await counter.partners() == ["Alpha"]
    await sweep(counter.queue)
    assert counter.shelf() == []


async def test_what_is_never_imported_is_forgotten(counter: Counter) -> None:
    announced = await counter.announced("partners.csv", PARTNERS)
    sent = await counter.sent("partners.csv", PARTNERS)
    for hours, left in ((1, 2), (2, 1), (25, 0)):
        with time_machine.travel(now() + timedelta(hours=hours), tick=False):
            await tidy(counter.store, counter.queue.settings)
        await tidy(counter.store, counter.queue.settings)
        found = (await counter.client.data("{ sheetUploads { nodes { id } } }"))["sheetUploads"]["nodes"]
        assert len(found) == left, hours
    assert counter.shelf() == []
    assert reasons(await counter.call(IMPORT, uploadId=sent)) == [("NOT_FOUND", "uploadId")]
    late = await counter.put(announced["path"], PARTNERS)
    assert late.status_code == 409
    assert counter.shelf() == []


async def test_so_many_may_wait(counter: Counter) -> None:
    for _ in range(20):
        await counter.announced("partners.csv", PARTNERS)
    payload = await counter.call(ASK, fileName="partners.csv", size=5)
    assert reasons(payload) == [("POLICY_DENIED", "fileName")]


@pytest.mark.parametrize("role", ROLES)
async def test_uploads_are_for_administrators(counter: Counter, role: str) -> None:
    upload = await counter.sent("partners.csv", PARTNERS)
    other = await token(counter.store, role, partner_id=await a_partner(counter.store, "east") if role == "partner" else None)
    ask = {"i": {"fileName": "partners.csv", "size": 5, "idempotencyKey": "k"}}
    assert await counter.client.code(ASK, variables=ask, token=other) == "FORBIDDEN"
    load = {"i": {"uploadId": upload, "idempotencyKey": "k"}}
    assert await counter.client.code(IMPORT, variables=load, token=other) == "FORBIDDEN"
    query = "query ($id: ID!) { node(id: $id) { id } sheetUploads { totalCount } }"
    seen = await counter.client.data(query, variables={"id": upload}, token=other)
    assert seen == {"node": None, "sheetUploads": {"totalCount": 0}}
