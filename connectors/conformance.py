"""The tests every connector inherits.

    class TestAcme(ConnectorConformance):
        name = "acme"

What is needed lies in the connector's folder: `fixtures/<stream>.<n>.json` as one record arrives and, beside it,
`<stream>.<n>.records.json` with what must become of it; a delivered file under its own name in place of the JSON; and
`fixtures/settings.toml` where the examples in the manifest are not what the fixtures were mapped with. A connector that asks
over the network brings `model.py` besides, whose `sample()` returns a SourceModel with two pages or more in some stream.
"""

import asyncio
import json
import re
import shutil
import tempfile
import tomllib
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import timedelta
from email.utils import format_datetime
from importlib import import_module
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
import stamina
from aiohttp import web
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from connectors.base import Connector, Context
from connectors.http import TRIES, open_http
from connectors.manifest import Manifest
from connectors.registry import Entry, connector
from hub.clock import now
from hub.errors import CredentialRefused, HubError, SetAside, SourceBusy, SourceContradicts, SourceDown, TokenExpired
from hub.records.message import Checkpoint, Message, Record, SyncMode, Window
from hub.records.source import SourceKind, Stream

CANARY = "canary-7f3a91"  # stands in every secret setting, and may be found nowhere else
SECRET_NAME = re.compile(r"password|secret|token|(^|_)key$")
FOLDER = "folder"  # the setting of a connector that reads delivered files
MOST_REQUESTS = 2_000  # a read of a sample that asks more does not end
WILD = {"wild": [None]}  # fits no field
# Values that fit by their kind and still are not what anyone expects.
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 10**18, 1e308, "", " ", "x", "-1", "NaN", "sNaN", "1e999999", "9" * 5_000, "\U0001f4a5", [], {},
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0000-00-00",
)  # fmt: skip
JSON = st.recursive(
    st.sampled_from(ODD) | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


class SourceModel(Protocol):
    """How one kind of source pages, filters and refuses, over records in memory."""

    def settings(self, address: str) -> Mapping[str, str]:
        """Return the settings that reach this model at an address such as http://127.0.0.1:8123."""
        ...

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request as the source does when nothing goes wrong."""
        ...

    def refusals(self) -> Mapping[type[HubError], web.Response]:
        """Return the errors this source sends inside HTTP 200, by what they have to become."""
        ...


Fault = Callable[["Wire", web.Request, web.Response], Awaitable[web.StreamResponse]]


class Wire:
    """A model behind a real server, with what goes wrong on the way once a fault is armed."""

    def __init__(self, model: SourceModel) -> None:
        self.model = model
        self.requests = 0
        self.last: web.Response | None = None
        self.fault: Fault | None = None
        self.times = 0

    def arm(self, fault: Fault, times: int) -> None:
        """Let the next requests meet a fault."""
        self.fault, self.times = fault, times

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            return web.Response(status=500)
        answer = await self.model.answer(request)
        if self.fault is not None and self.times > 0:
            self.times -= 1
            return await self.fault(self, request, answer)
        self.last = answer
        return answer

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """Serve on loopback and yield the address."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()


def answers(status: int, **headers: str) -> Fault:
    """Return the fault of an answer without content."""

    async def fault(_: Wire, __: web.Request, ___: web.Response) -> web.Response:
        return web.Response(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return fault


def sends(response: web.Response) -> Fault:
    """Return the fault of one and the same answer."""

    async def fault(_: Wire, __: web.Request, ___: web.Response) -> web.Response:
        return copied(response)

    return fault


async def cut(_: Wire, request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send half of what was announced and hang up."""
    body = content(answer)
    broken = web.StreamResponse(headers={"Content-Type": answer.content_type, "Content-Length": str(len(body))})
    await broken.prepare(request)
    await broken.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.close()
    return broken


async def half(_: Wire, __: web.Request, answer: web.Response) -> web.Response:
    """Send half of the content as if it were all."""
    body = content(answer)
    return web.Response(body=body[: len(body) // 2], content_type=answer.content_type)


async def again(wire: Wire, _: web.Request, __: web.Response) -> web.Response:
    """Send the page before, whatever was asked for."""
    assert wire.last is not None
    return copied(wire.last)


def copied(answer: web.Response) -> web.Response:
    """Return an answer once more; one object can be sent only once."""
    return web.Response(body=content(answer), status=answer.status, content_type=answer.content_type)


def content(answer: web.Response) -> bytes:
    assert isinstance(answer.body, bytes)
    return answer.body


PASSING: Mapping[str, Fault] = {"500": answers(500), "cut body": cut}
LASTING: Mapping[str, Fault] = {
    **PASSING,
    "half a body": half,
    "a page of another system": sends(web.Response(text="<html>Back soon.</html>", content_type="text/html")),
}


class Opened(msgspec.Struct):
    """A source that can be read, and what was waited for meanwhile."""

    context: Context[Any]
    wire: Wire
    waits: list[float]


class Outcome(msgspec.Struct):
    """What a read gave before it ended, and by which error."""

    messages: list[Message]
    error: HubError | None
    opened: Opened

    @property
    def keys(self) -> list[tuple[str, ...]]:
        return [message.key for message in self.messages if isinstance(message, Record)]

    @property
    def checkpoints(self) -> list[Checkpoint]:
        return [message for message in self.messages if isinstance(message, Checkpoint)]


class ConnectorConformance:
    """Inherit, give `name`, and run pytest."""

    name: str

    @property
    def entry(self) -> Entry:
        return connector(self.name)

    @property
    def manifest(self) -> Manifest:
        assert self.entry.manifest is not None, self.entry.broken
        return self.entry.manifest

    @property
    def made(self) -> Connector[Any]:
        return self.entry.load()

    @property
    def folder(self) -> Path:
        spec = find_spec(self.entry.package)
        assert spec is not None
        assert spec.origin is not None
        return Path(spec.origin).parent

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run what is about a fixture once for each."""
        if "fixture" in metafunc.fixturenames:
            metafunc.parametrize("fixture", [file.name for file in self.fixtures()])

    def fixtures(self) -> list[Path]:
        """Return the payloads and delivered files that have their records beside them."""
        made = sorted((self.folder / "fixtures").glob("*.records.json"))
        found = [
            [file for file in one.parent.glob(f"{one.name.removesuffix('.records.json')}.*") if file != one] for one in made
        ]
        return [file for files in found for file in files]

    def config(self, **given: object) -> Any:
        """Return the connector's settings with a canary in every secret."""
        file = self.folder / "fixtures" / "settings.toml"
        written = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        values: dict[str, object] = {}
        for name, setting in self.manifest.settings.items():
            default = setting.example if setting.required else setting.default
            value = CANARY if setting.secret else written.get(name, default)
            if value is not None:
                values[name] = value
        return msgspec.convert({**values, **given}, self.made.config)

    # What is written down

    def test_every_setting_is_explained(self) -> None:
        readme = (self.folder / "README.md").read_text(encoding="utf-8")
        for name, setting in self.manifest.settings.items():
            assert setting.help.strip(), f"The setting {name} has no help in manifest.toml."
            assert f"`{name}`" in readme, f"README.md does not name the setting {name}."

    def test_secrets_are_marked(self) -> None:
        for name, setting in self.manifest.settings.items():
            assert setting.secret or not SECRET_NAME.search(name), f"Mark the setting {name} with secret = true."
            assert not (setting.secret and setting.default), f"The secret {name} cannot have a default."

    def test_the_class_takes_the_settings_of_the_manifest(self) -> None:
        fields = {field.name: field.required for field in msgspec.structs.fields(self.made.config)}
        assert fields == {name: setting.required for name, setting in self.manifest.settings.items()}

    def test_every_stream_has_a_fixture(self) -> None:
        covered = {stream_name(file) for file in self.fixtures()}
        assert set(self.manifest.streams) == covered, "Each stream needs fixtures/<stream>.<n>.json and .records.json."

    # What becomes of a payload

    def test_a_fixture_maps_to_the_records_beside_it(self, fixture: str) -> None:
        file = self.folder / "fixtures" / fixture
        expected = json.loads(file.with_name(f"{file.stem}.records.json").read_text(encoding="utf-8"))
        found = [record for raw in self.payloads(file) for record in self.mapped(file, raw)]
        assert found == [{"type": record["type"], **wanted} for record, wanted in zip(found, expected, strict=True)]

    def test_mapping_twice_gives_the_same(self, fixture: str) -> None:
        file = self.folder / "fixtures" / fixture
        for raw in self.payloads(file):
            assert self.mapped(file, raw) == self.mapped(file, raw)

    def test_a_field_that_is_missing_or_wrong_is_named(self, fixture: str) -> None:
        file = self.folder / "fixtures" / fixture
        for raw in self.payloads(file):
            for what, changed in spoilt(json.loads(raw)):
                aside = self.set_aside(file, msgspec.json.encode(changed))
                assert aside is None or aside.field or aside.code == "undecodable", f"{what}: {aside} names no field."
                assert aside is None or CANARY not in told(aside)

    def test_a_payload_that_is_none_is_set_aside(self, fixture: str) -> None:
        for raw in (b"", b"<html>", b"\xff\xfe", b"[]", b"null"):
            assert self.set_aside(self.folder / "fixtures" / fixture, raw), f"{raw!r} was mapped."

    def test_no_payload_does_worse_than_being_set_aside(self, fixture: str) -> None:
        file = self.folder / "fixtures" / fixture
        for payload in (json.loads(raw) for raw in self.payloads(file)):
            for path, value in product(paths(payload), ODD):
                self.set_aside(file, msgspec.json.encode(replaced(payload, path, value)))

        @settings(max_examples=50, deadline=None, derandomize=True, phases=[Phase.generate, Phase.shrink])
        @given(JSON.map(msgspec.json.encode) | st.binary())
        def whatever_comes(raw: bytes) -> None:
            self.set_aside(file, raw)

        whatever_comes()

    def payloads(self, file: Path) -> list[bytes]:
        """Return the payloads of a fixture: itself, or the records read from a folder that holds it alone."""
        if file.suffix == ".json":
            return [file.read_bytes()]
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(file, folder)
            return asyncio.run(self.delivered(folder, self.manifest.stream(stream_name(file))))

    async def delivered(self, folder: str, stream: Stream) -> list[bytes]:
        async with open_http(self.name, None) as http:
            context = Context(self.name, self.config(**{FOLDER: folder}), http, now, silent)
            messages = self.made.read(context, stream, {}, whole())
            return [message.raw async for message in messages if isinstance(message, Record)]

    def mapped(self, file: Path, raw: bytes) -> list[dict[str, Any]]:
        """Return what a payload becomes, as JSON shows it."""
        records = list(self.made.normalise(self.config(), self.manifest.stream(stream_name(file)), raw))
        return [{"type": type(record).__name__, **json.loads(msgspec.json.encode(record))} for record in records]

    def set_aside(self, file: Path, raw: bytes) -> SetAside | None:
        """Return why a payload is set aside, or None when it maps."""
        try:
            self.mapped(file, raw)
        except SetAside as aside:
            return aside
        return None

    # What happens on the wire

    @asynccontextmanager
    async def opened(self, **given: object) -> AsyncIterator[Opened]:
        """Serve the sample of model.py and open it as a source; nothing is waited for."""
        wire = Wire(self.sample())
        waits: list[float] = []

        async def sleep(wait_s: float) -> None:
            waits.append(wait_s)

        async with wire.served() as address:
            config = self.config(**{**wire.model.settings(address), **given})
            secrets = [getattr(config, name) for name, setting in self.manifest.settings.items() if setting.secret]
            with stamina.set_testing(True, attempts=TRIES):
                async with open_http(self.name, self.manifest.bucket, secrets=secrets, sleep=sleep) as http:
                    yield Opened(Context(self.name, config, http, now, silent), wire, waits)

    def sample(self) -> SourceModel:
        if not (self.folder / "model.py").exists():
            assert self.manifest.kind in (SourceKind.FILE, SourceKind.EDI), "A connector that asks needs a model.py."
            pytest.skip("it reads delivered files and asks nobody")
        made: SourceModel = import_module(f"{self.entry.package}.model").sample()
        return made

    def read(self, name: str, fault: Fault | None = None, times: int = 1_000) -> Outcome:
        """Read a stream whole. A fault sets in after the first checkpoint and lasts for so many requests."""
        return asyncio.run(self.outcome(name, fault, times))

    async def outcome(self, name: str, fault: Fault | None, times: int) -> Outcome:
        async with self.opened() as opened:
            messages: list[Message] = []
            error: HubError | None = None
            try:
                async for message in self.made.read(opened.context, self.manifest.stream(name), {}, whole()):
                    messages.append(message)
                    if isinstance(message, Checkpoint) and fault is not None:
                        opened.wire.arm(fault, times)
                        fault = None
            except HubError as raised:
                error = raised
                shown = told(raised)
                assert CANARY not in shown
                assert not any(secret in shown for secret in opened.context.http.secrets), "A secret stands in an error."
            return Outcome(messages, error, opened)

    def paged(self) -> str:
        """Return a stream of the sample that takes more than one page, with a checkpoint in between."""
        for name in self.manifest.streams:
            outcome = self.read(name, answers(500))
            if outcome.error is not None:
                return name
        raise AssertionError("No stream of the sample in model.py has a second page after a checkpoint.")

    def test_a_good_login_sees_every_stream(self) -> None:
        async def look() -> None:
            async with self.opened() as opened:
                assert (await self.made.check(opened.context)).missing == ()
                catalog = await self.made.discover(opened.context)
                assert set(catalog.streams) == set(self.manifest.streams)
                assert catalog == await self.made.discover(opened.context)

        asyncio.run(look())

    def test_a_wrong_secret_is_refused(self) -> None:
        async def look(name: str) -> None:
            async with self.opened(**{name: CANARY}) as opened:
                with pytest.raises(CredentialRefused) as refused:
                    await self.made.check(opened.context)
                assert CANARY not in told(refused.value)

        self.sample()
        for name, setting in self.manifest.settings.items():
            if setting.secret:
                asyncio.run(look(name))

    def test_every_stream_is_read_to_its_end(self) -> None:
        for name in self.manifest.streams:
            outcome = self.read(name)
            assert outcome.error is None
            assert outcome.keys, f"The sample in model.py has nothing in {name}."
            assert len(set(outcome.keys)) == len(outcome.keys)
            assert [checkpoint.complete for checkpoint in outcome.checkpoints].count(True) == 1
            assert outcome.messages[-1] is outcome.checkpoints[-1]
            assert outcome.checkpoints[-1].complete

    @pytest.mark.parametrize("fault", PASSING)
    def test_a_fault_that_passes_costs_nothing(self, fault: str) -> None:
        name = self.paged()
        outcome = self.read(name, PASSING[fault], times=1)
        assert outcome.error is None
        assert set(outcome.keys) == set(self.read(name).keys)

    @pytest.mark.parametrize("fault", LASTING)
    def test_a_source_that_is_down_ends_the_read_where_it_was(self, fault: str) -> None:
        outcome = self.read(self.paged(), LASTING[fault])
        assert isinstance(outcome.error, SourceDown)
        assert [checkpoint.complete for checkpoint in outcome.checkpoints] == [False]

    def test_a_source_that_asks_to_wait_is_waited_for(self) -> None:
        name = self.paged()
        in_seconds = self.read(name, answers(429, Retry_After="7"), times=1)
        until = format_datetime(now() + timedelta(seconds=30), usegmt=True)
        by_date = self.read(name, answers(429, Retry_After=until), times=1)
        assert 7.0 in in_seconds.opened.waits
        assert any(0 < wait <= 30 for wait in by_date.opened.waits)
        assert set(in_seconds.keys) == set(by_date.keys) == set(self.read(name).keys)

    def test_a_long_wait_parks_the_read(self) -> None:
        outcome = self.read(self.paged(), answers(429, Retry_After="3600"))
        assert isinstance(outcome.error, SourceBusy)
        assert outcome.error.wait_s == 3600
        assert 3600 not in outcome.opened.waits

    def test_a_login_that_ends_for_good_asks_for_a_person(self) -> None:
        outcome = self.read(self.paged(), answers(401))
        assert isinstance(outcome.error, CredentialRefused | TokenExpired)

    def test_an_error_inside_http_200_is_none_the_less_an_error(self) -> None:
        for error, response in self.sample().refusals().items():
            outcome = self.read(self.paged(), sends(response))
            assert isinstance(outcome.error, error), f"{content(response).decode()} became {outcome.error!r}."

    def test_the_same_page_for_ever_is_noticed(self) -> None:
        name = self.paged()
        outcome = self.read(name, again)
        assert isinstance(outcome.error, SourceContradicts)
        assert outcome.opened.wire.requests <= self.read(name).opened.wire.requests + 2


def stream_name(file: Path) -> str:
    return file.name.partition(".")[0]


def whole() -> Window:
    """Everything up to now."""
    return Window(lower=None, upper=now(), mode=SyncMode.INCREMENTAL)


def silent(*_: object, **__: object) -> None:
    """Log nothing."""


def told(error: BaseException) -> str:
    """Return all that an error and its causes would show."""
    return "".join(traceback.format_exception(error))


def spoilt(payload: Any) -> Iterator[tuple[str, Any]]:
    """Yield a payload again and again, each time with another field left out, null or of another kind."""
    for path in paths(payload):
        where = ".".join(map(str, path))
        yield f"without {where}", changed(payload, path, lambda parent, last: parent.pop(last))
        yield f"null in {where}", replaced(payload, path, None)
        yield f"wild {where}", replaced(payload, path, WILD)


def replaced(payload: Any, path: Sequence[str | int], value: object) -> Any:
    """Return a payload with something else in one field."""
    return changed(payload, path, lambda parent, last: parent.__setitem__(last, value))


def changed(payload: Any, path: Sequence[str | int], change: Callable[[Any, str | int], object]) -> Any:
    """Return a copy of a payload in which something happened to one field."""
    *above, last = path
    copy = deepcopy(payload)
    parent = copy
    for step in above:
        parent = parent[step]
    change(parent, last)
    return copy


def paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every field of a payload."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        if isinstance(value, dict):
            yield (step,)
        yield from ((step, *rest) for rest in paths(inner))
