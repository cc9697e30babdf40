"""Which connectors there are, and that a broken one harms no other."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors import registry
from connectors.registry import GROUP, all_connectors, connector
from hub.errors import SettingsError

MANIFEST = """
name = "{name}"
title = "Acme"
kind = "erp"
version = "1.0.0"
contract = 1
class = "{implementation}"

[settings]
[streams.orders]
model = "order"
primary_key = ["id"]
"""
BUILT_IN = {"sheet", "tryton", "vendure"}


class Site:
    """A folder of other people's packages, each announced by an entry point."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.points: list[EntryPoint] = []

    def has(self, package: str, manifest: str | None = None, *, code: str = "") -> None:
        home = self.folder / package
        home.mkdir()
        (home / "__init__.py").touch()
        (home / "client.py").write_text(code, encoding="utf-8")
        if manifest is not None:
            (home / "manifest.toml").write_text(manifest, encoding="utf-8")
        self.points.append(EntryPoint(name=package, value=package, group=GROUP))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point for point in made.points if point.group == group])
    all_connectors.cache_clear()
    yield made
    all_connectors.cache_clear()
    for point in made.points:
        for module in [name for name in sys.modules if name.partition(".")[0] == point.value]:
            del sys.modules[module]


def test_the_folders_beside_the_registry_are_found_and_can_be_loaded() -> None:
    assert set(all_connectors()) >= BUILT_IN
    for name in BUILT_IN:
        entry = connector(name)
        assert entry.broken is None
        assert entry.load().config is not None


def test_a_package_that_announces_itself_is_found_without_running_it(site: Site) -> None:
    site.has("acme_hub", MANIFEST.format(name="acme", implementation="client:Acme"), code="class Acme: pass")
    assert connector("acme").broken is None
    assert "acme_hub.client" not in sys.modules
    assert type(connector("acme").load()).__name__ == "Acme"


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (None, "cannot be used"),
        ("name = ", "cannot be used"),
        (MANIFEST.format(name="acme", implementation="client:Acme") + "colour = 1", "colour"),
        (MANIFEST.format(name="acme", implementation="client:Acme").replace("contract = 1", "contract = 9"), "contract 9"),
    ],
)
def test_a_broken_package_is_shown_with_its_reason_and_stops_nothing(site: Site, manifest: str | None, reason: str) -> None:
    site.has("acme_hub", manifest)
    entry = connector("acme_hub")
    assert reason in str(entry.broken)
    with pytest.raises(SettingsError, match="acme_hub cannot be loaded"):
        entry.load()
    assert all(connector(name).load() for name in BUILT_IN)


@pytest.mark.parametrize(
    ("implementation", "code"),
    [("client:Acme", ""), ("client:Acme", "1 / 0"), ("client:Acme", "class Acme:"), ("nowhere:Acme", ""), ("client", "")],
)
def test_code_that_fails_is_a_sentence(site: Site, implementation: str, code: str) -> None:
    site.has("acme_hub", MANIFEST.format(name="acme", implementation=implementation), code=code)
    with pytest.raises(SettingsError, match=r"The connector acme cannot be loaded: .+"):
        connector("acme").load()


def test_of_two_of_one_name_the_first_is_used_and_the_second_is_shown(site: Site) -> None:
    site.has("acme_hub", MANIFEST.format(name="sheet", implementation="client:Acme"))
    assert connector("sheet").package == "connectors.sheet"
    assert connector("acme_hub").broken == "another connector is called sheet"


def test_an_entry_point_without_a_package_is_passed_over(site: Site) -> None:
    site.points.append(EntryPoint(name="ghost", value="ghost_hub", group=GROUP))
    site.points.append(EntryPoint(name="deep", value="ghost_hub.deeper", group=GROUP))
    assert set(all_connectors()) >= BUILT_IN


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match=r"no connector 'shopify'; there are .*sheet.*tryton.*vendure"):
        connector("shopify")
