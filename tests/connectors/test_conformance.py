"""Every built-in connector against the kit that connectors of others are held to, and the kit against flaws of each sort."""

import inspect
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from itertools import product
from pathlib import Path

import pytest

from connectors import registry
from connectors.conformance import ConnectorConformance
from connectors.registry import all_connectors

for built_in in (name for name, entry in all_connectors().items() if entry.package.startswith("connectors.")):
    globals()[f"Test{built_in.title()}"] = type(f"Test{built_in.title()}", (ConnectorConformance,), {"name": built_in})

MANIFEST = """
name = "acme"
title = "Acme"
kind = "crm"
version = "1.0.0"
contract = 1
class = "client:Acme"

[settings.url]
help = "Address of the server"
example = "https://crm.example.com"
required = true

[settings.token]
help = "Access token, as a reference"
required = true
secret = true

[streams.customers]
model = "customer"
primary_key = ["id"]
"""
README = "Settings: `url` and `token`."
CLIENT = """
import itertools
import json

import msgspec

from connectors import Catalog, Checkpoint, CheckResult, MappingError, Record
from connectors.payload import decode
from hub.errors import CredentialRefused, PermissionMissing, SourceContradicts, SourceDown
from hub.records import Customer

COUNT = itertools.count()


class Config(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    token: str


class Row(msgspec.Struct):
    id: str
    name: str


class Acme:
    config = Config

    async def check(self, ctx):
        await page(ctx, 0)
        return CheckResult(account="acme")

    async def discover(self, ctx):
        return Catalog(streams=("customers",), counts={"customers": 5})

    async def read(self, ctx, stream, state, window):
        after = 0
        while items := await page(ctx, after):
            if int(items[0]["id"]) <= after:
                raise SourceContradicts("Acme sent the same page twice.")
            for item in items:
                yield Record(key=(item["id"],), raw=msgspec.json.encode(item))
            after = int(items[-1]["id"])
            yield Checkpoint(state={"after": after})
        yield Checkpoint(state={}, watermark=window.upper, complete=True)

    def normalise(self, config, stream, raw):
        row = decode(raw, Row)
        yield Customer(code=row.id, name=row.name)


async def page(ctx, after):
    answer = await ctx.http.request(
        "GET", ctx.config.url, params={"after": str(after)}, headers={"Authorization": ctx.config.token}
    )
    if answer.status == 401:
        raise CredentialRefused("Acme refuses the token; give another.")
    try:
        reply = msgspec.json.decode(answer.body)
    except msgspec.DecodeError as error:
        raise SourceDown(f"Acme's answer could not be read: {error}.") from None
    if "error" in reply:
        raise PermissionMissing("Acme may not show its customers; give the token that right.")
    return reply["items"]
"""
MODEL = """
import msgspec
from aiohttp import web

from hub.errors import PermissionMissing


class Model:
    def settings(self, address):
        return {"url": address, "token": "right-one"}

    def refusals(self):
        return {PermissionMissing: sent({"error": "not yours"})}

    async def answer(self, request):
        if request.headers.get("Authorization") != "right-one":
            return web.Response(status=401)
        after = int(request.query["after"])
        return sent({"items": [{"id": str(n), "name": "Ann"} for n in range(after + 1, min(after + 2, 5) + 1)]})


def sent(value):
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def sample():
    return Model()
"""
PAYLOAD = '{"id": "7", "name": "Ann"}'
RECORDS = '[{"code": "7", "name": "Ann", "parent": null, "kind": "account", "segment": null, "region": null, "partner": null,' \
    ' "tax_id": null, "domain": null, "email": null, "phone": null, "key_account": false, "tags": []}]'  # fmt: skip
FILES = {
    "__init__.py": "",
    "manifest.toml": MANIFEST,
    "README.md": README,
    "client.py": CLIENT,
    "model.py": MODEL,
    "fixtures/customers.1.json": PAYLOAD,
    "fixtures/customers.1.records.json": RECORDS,
}
DOWN = 'raise SourceDown(f"Acme\'s answer could not be read: {error}.") from None'
NAMELESS = """try:
            row = decode(raw, Row)
        except MappingError as error:
            raise MappingError(str(error), code=error.code) from error"""
# What is changed in which file, and the tests of the kit that have to notice.
FLAWS = {
    "no help": ("manifest.toml", '"Address of the server"', '""', {"every_setting_is_explained"}),
    "not in the README": ("README.md", "`token`", "a token", {"every_setting_is_explained"}),
    "an open secret": ("manifest.toml", "secret = true", 'example = "right-one"', {"secrets_are_marked"}),
    "an unknown setting": ("client.py", "token: str", "token: str\n    shop: str = ''",
                           {"the_class_takes_the_settings_of_the_manifest"}),
    "no fixture": ("manifest.toml", "streams.customers", "streams.buyers", {"every_stream_has_a_fixture"}),
    "another mapping": ("client.py", "name=row.name", "name=row.id", {"a_fixture_maps_to_the_records_beside_it"}),
    "chance": ("client.py", "name=row.name", "name=row.name, phone=str(next(COUNT))", {"mapping_twice_gives_the_same"}),
    "a bare error": ("client.py", "decode(raw, Row)", "Row(**json.loads(raw))", {"a_payload_that_is_none_is_set_aside"}),
    "an unguarded number": ("client.py", "code=row.id", "code=str(int(row.id))",
                            {"no_payload_does_worse_than_being_set_aside"}),
    "a nameless field": ("client.py", "row = decode(raw, Row)", NAMELESS, {"a_field_that_is_missing_or_wrong_is_named"}),
    "a told secret": ("client.py", '"Acme refuses the token;', 'ctx.config.token + ";', {"a_wrong_secret_is_refused"}),
    "no login": ("client.py", "== 401", "== 999",
                 {"a_wrong_secret_is_refused", "a_login_that_ends_for_good_asks_for_a_person"}),
    "restless": ("client.py", '"customers": 5', '"customers": next(COUNT)', {"a_good_login_sees_every_stream"}),
    "no end": ("client.py", ", complete=True", "", {"every_stream_is_read_to_its_end"}),
    "doubles": ("client.py", "in items:", "in items * 2:", {"every_stream_is_read_to_its_end"}),
    "a fault for an end": ("client.py", DOWN, "return []", {"a_source_that_is_down_ends_the_read_where_it_was"}),
    "an unseen error": ("client.py", 'if "error" in reply:', "if not reply:",
                        {"an_error_inside_http_200_is_none_the_less_an_error"}),
    "a loop": ("client.py", "<= after", "< 0", {"the_same_page_for_ever_is_noticed"}),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of someone else that holds a connector and is announced by an entry point."""
    made = tmp_path / "acme_hub"
    for name, text in FILES.items():
        file = made / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint(name="acme", value="acme_hub", group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    all_connectors.cache_clear()
    yield made
    all_connectors.cache_clear()
    for module in [name for name in sys.modules if name.partition(".")[0] == "acme_hub"]:
        del sys.modules[module]


class Acme(ConnectorConformance):
    """All that an author of a connector has to write."""

    name = "acme"


def failing(kit: ConnectorConformance) -> set[str]:
    """Run all tests of the kit and return those that fail."""
    failed = set()
    for name, test in inspect.getmembers(kit, inspect.ismethod):
        if not name.startswith("test_"):
            continue
        choices = {mark.args[0]: list(mark.args[1]) for mark in getattr(test, "pytestmark", [])}
        choices["fixture"] = [file.name for file in kit.fixtures()]
        asked = [choices[parameter] for parameter in inspect.signature(test).parameters]
        for values in product(*asked):
            try:
                test(*values)
            except (Exception, pytest.fail.Exception):
                failed.add(name.removeprefix("test_"))
    return failed


def test_a_sound_connector_of_someone_else_passes(folder: Path) -> None:
    assert failing(Acme()) == set()


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_is_noticed(folder: Path, flaw: str) -> None:
    name, sound, flawed, tests = FLAWS[flaw]
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(sound) == 1
    (folder / name).write_text(text.replace(sound, flawed), encoding="utf-8")
    assert tests <= failing(Acme())
