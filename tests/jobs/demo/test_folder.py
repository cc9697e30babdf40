"""The folder of the demo: the same world, the same bytes."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from connectors import Context, MappingError, Record, Reject, SyncMode, Window
from connectors.http import open_http
from connectors.registry import connector
from connectors.sheet.client import SheetConnector
from connectors.sheet.config import SheetConfig
from jobs.demo.folder import BAD_ORDER, source, write_folder
from jobs.demo.plants import make_world

TODAY = date(2026, 5, 20)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        write_folder(make_world(seed, TODAY, 0.05), tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    assert contents(tmp_path / "one") != contents(tmp_path / "other")


def test_people_send_what_people_send(tmp_path: Path) -> None:
    write_folder(make_world(1, TODAY, 0.05), tmp_path)
    files = contents(tmp_path)
    assert "客户名称" in files["customers-cn.csv"].decode("gb18030")
    assert files["orders-us-baystate.xlsx"].startswith(b"PK")
    (bad,) = (line for line in files["orders-us-midwest.csv"].decode().splitlines() if line.startswith(BAD_ORDER))
    assert '"1,200"' in bad


async def read(folder: Path) -> dict[str, tuple[list[object], list[MappingError | Reject]]]:
    """Return what the connector makes of each noun's files, and what it sets aside."""
    manifest = connector("sheet").manifest
    assert manifest is not None
    settings = tomllib.loads(source(folder))["settings"]
    sheet, config = SheetConnector(), msgspec.convert(settings, SheetConfig)
    found: dict[str, tuple[list[object], list[MappingError | Reject]]] = {}
    async with open_http("brand", None, secrets=[]) as http:
        ctx = Context("brand", config, http, lambda: datetime(2026, 5, 20, tzinfo=UTC), lambda *_, **__: None)
        for name in manifest.streams:
            stream = manifest.stream(name)
            records: list[object] = []
            rejects: list[MappingError | Reject] = []
            window = Window(lower=None, upper=ctx.now(), mode=SyncMode.INCREMENTAL)
            async for message in sheet.read(ctx, stream, {}, window):
                if isinstance(message, Record):
                    try:
                        records += sheet.normalise(config, stream, message.raw)
                    except MappingError as error:
                        rejects.append(error)
                elif isinstance(message, Reject):
                    rejects.append(message)
            found[name] = records, rejects
    return found


async def test_the_connector_reads_the_world_back_and_sets_one_line_aside(tmp_path: Path) -> None:
    world = make_world(1, TODAY, 0.05)
    write_folder(world, tmp_path)
    found = await read(tmp_path)
    (reject,) = (reject for _, rejects in found.values() for reject in rejects)
    assert (reject.code, reject.value) == ("bad_decimal", "1,200")
    for noun, records in (
        ("regions", world.regions),
        ("partners", world.partners),
        ("products", world.products),
        ("locations", world.locations),
        ("fx_rates", world.rates),
        ("territory_grants", world.grants),
        ("price_policies", world.prices),
        ("promotions", world.promotions),
        ("offers", world.offers),
        ("inventory_levels", world.levels),
    ):
        assert found[noun][0] == records
    assert sorted(map(repr, found["customers"][0])) == sorted(map(repr, world.customers))
