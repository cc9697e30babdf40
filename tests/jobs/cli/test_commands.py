"""What the commands answer, and how a mistake is told: one sentence on stderr, exit code 2, never a traceback."""

import json
import socket
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from hub import __version__
from hub.store.database import Store
from hub.store.token import digest, find_caller
from tests.casework import alert, case
from tests.rows import Rows
from tests.trading import example_world

if TYPE_CHECKING:
    from tests.jobs.cli.conftest import Run


def told(done: "CompletedProcess[str]") -> str:
    """The one sentence a person got for a mistake."""
    assert "Traceback" not in done.stderr
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


def test_the_version_is_printed_alone(hub: "Run") -> None:
    assert hub("--version").stdout == f"{__version__}\n"


@pytest.mark.parametrize(
    "name",
    [
        "up",
        "worker",
        "sync",
        "check",
        "sources",
        "connectors",
        "import",
        "replay",
        "detect",
        "why",
        "evidence",
        "migrate",
        "doctor",
        "schema",
    ],
)
def test_help_of_a_command_ends_with_an_example(hub: "Run", name: str) -> None:
    done = hub(name, "--help")
    assert done.returncode == 0
    assert f"Example: channelhub {name}" in done.stdout


def test_a_command_there_is_not_is_refused(hub: "Run") -> None:
    done = hub("explode")
    assert done.returncode == 2
    assert "No such command 'explode'" in done.stderr


async def test_alerts_are_listed_and_a_route_is_tried(hub: "Run", store: Store, tmp_path: Path) -> None:
    assert "no alert yet" in hub("alerts", "list").stdout
    async with store.transaction() as connection:
        await alert(connection, await case(connection, rule="oversell"))
    assert "oversell" in hub("alerts", "list").stdout
    (listed,) = json.loads(hub("alerts", "list", "--json").stdout)
    assert (listed["rule"], listed["reason"], listed["deliveries"]) == ("oversell", "opened", {})
    (tmp_path / "channelhub.toml").write_text('[[route]]\nname = "north"\ntarget = "env:HOOK"\n')
    assert "there are: north" in told(hub("alerts", "test", "south"))
    away = hub("alerts", "test", "north", "--json", HOOK="json://user:hidden@127.0.0.1:1/")
    assert (away.returncode, "hidden" in away.stdout + away.stderr) == (1, False)
    assert "did not accept" in json.loads(away.stdout)["the target of north"]


async def test_a_token_is_printed_alone_and_works(hub: "Run", store: Store) -> None:
    assert hub("user", "add", "li@example.com", "--role", "analyst", "--role", "admin").returncode == 0
    done = hub("token", "create", "--role", "analyst", "--user", "LI@example.com")
    assert done.returncode == 0
    text = done.stdout.removesuffix("\n")
    async with store.connection() as connection:
        caller = await find_caller(connection, digest(text))
    assert caller is not None
    assert (caller.role, caller.user_id is not None) == ("analyst", True)


async def test_a_token_for_another_partner_than_the_users_is_refused(hub: "Run", store: Store) -> None:
    rows = await Rows(store).begin()
    for code in ("east", "west"):
        await rows.partner(code=code)
    assert hub("user", "add", "li@example.com", "--role", "partner", "--partner", "east").returncode == 0
    made = ("token", "create", "--role", "partner", "--user", "li@example.com", "--partner")
    assert "The user acts for another partner" in told(hub(*made, "west"))
    assert hub(*made, "east").returncode == 0


def test_a_subject_of_another_user_is_refused(hub: "Run") -> None:
    add = ("user", "add", "--role", "analyst", "--subject", "u-1")
    assert hub(*add, "li@example.com").returncode == 0
    assert "Another user has this subject" in told(hub(*add, "wu@example.com"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("token", "create", "--role", "admin", "--user", "nobody@example.com"), "channelhub user add"),
        (("token", "create", "--role", "partner", "--partner", "NOPE"), "There is no partner NOPE"),
        (("token", "create", "--role", "partner"), "names its partner"),
        (("user", "add", "owner@localhost", "--role", "admin"), "There is a user owner@localhost already"),
        (("user", "add", "li@example.com", "--role", "admin", "--region", "XX"), "There is no region XX"),
        (("sync", "nope"), "There is no source 'nope'"),
        (("check", "nope"), "There is no source 'nope'"),
        (("replay", "nope"), "There is no source 'nope'"),
    ],
)
def test_a_name_there_is_not_is_told_in_a_sentence(hub: "Run", arguments: tuple[str, ...], says: str) -> None:
    assert says in told(hub(*arguments))


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("port = 1", "port"),
        ("[server\n", "cannot be read"),
        ("[server]\nport = 99999", "server.port"),
        ('[[source]]\nname = "a"\nconnector = "sheet"\nschedule = "now and then"', "is not a schedule"),
        (
            '[[source]]\nname = "a"\nconnector = "sheet"\n[[source]]\nname = "a"\nconnector = "sheet"',
            "two sources are called a",
        ),
    ],
)
def test_bad_settings_are_told_in_a_sentence(hub: "Run", tmp_path: Path, toml: str, says: str) -> None:
    (tmp_path / "channelhub.toml").write_text(toml)
    assert says in told(hub("up", "--port", "0"))


def test_a_settings_file_there_is_not_is_named(hub: "Run") -> None:
    assert "nowhere.toml" in told(hub("--config", "nowhere.toml", "sources"))


def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(hub: "Run") -> None:
    done = hub("migrate", CHANNELHUB_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert "CHANNELHUB_DATABASE_URL" in told(done)


def test_a_port_in_use_is_told_in_a_sentence(hub: "Run") -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} is in use" in told(hub("up", "--port", str(port)))


def test_an_import_loads_the_good_rows_and_lists_the_bad_ones(hub: "Run", sheets: Path, tmp_path: Path) -> None:
    done = hub("import", str(sheets), "--source", "brand", "--rejects", "bad.csv", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["ok"], answer["read"], answer["new"], answer["rejected"]) == (True, 4, 3, 1)
    header, row = (tmp_path / "bad.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header == "source,file,sheet,line,column,value,code,reason,raw"
    assert row.startswith("brand,partners.csv,,3,type,nonsense,bad_enum,")
    again = json.loads(hub("import", str(sheets), "--source", "brand", "--json").stdout)
    assert (again["new"], again["changed"]) == (0, 0)


def test_strict_says_by_the_exit_code_that_rows_were_set_aside(hub: "Run", sheets: Path) -> None:
    assert hub("import", str(sheets), "--strict").returncode == 3


def test_an_import_of_which_nothing_could_be_loaded_exits_with_1(hub: "Run", tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "partners.csv").write_text("code,name,type\nB,Beta,nonsense\n")
    assert hub("import", str(folder)).returncode == 1


def test_a_rejects_file_that_cannot_be_written_is_told_in_a_sentence(hub: "Run", sheets: Path) -> None:
    assert "cannot be written" in hub("import", str(sheets), "--rejects", "no/such/folder.csv").stderr


def test_the_name_of_an_import_is_checked_before_anything_is_opened(hub: "Run", sheets: Path) -> None:
    done = hub("import", str(sheets), "--source", "Not A Name")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_sources_and_connectors_are_listed(hub: "Run", sheets: Path) -> None:
    assert "There is no source yet" in hub("sources").stdout
    hub("import", str(sheets))
    (source,) = json.loads(hub("sources", "--json").stdout)
    assert (source["name"], source["connector"], source["records"], source["open_rejects"]) == ("import", "sheet", 3, 1)
    assert "import" in hub("sources").stdout
    names = {one["name"] for one in json.loads(hub("connectors", "--json").stdout)}
    assert "sheet" in names
    assert "sheet" in hub("connectors").stdout


def test_a_source_of_the_file_is_checked_and_synced(hub: "Run", sheets: Path, tmp_path: Path) -> None:
    (tmp_path / "channelhub.toml").write_text(
        f'[[source]]\nname = "brand"\nconnector = "sheet"\nsettings = {{ folder = "{sheets}" }}\n'
    )
    assert json.loads(hub("check", "brand", "--json").stdout)["streams"] == ["regions", "partners"]
    done = hub("sync", "brand", "--stream", "regions")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "regions: succeeded, 2 read, 2 new\n"
    assert "has no stream 'nope'" in told(hub("sync", "brand", "--stream", "nope"))
    assert "choose another --source" in told(hub("import", str(sheets), "--source", "brand"))


def test_what_was_loaded_is_mapped_again_and_judged(hub: "Run", sheets: Path) -> None:
    hub("import", str(sheets))
    replayed = {one["stream"]: one["counts"]["read"] for one in json.loads(hub("replay", "--json").stdout)}
    assert (replayed["regions"], replayed["partners"]) == (2, 2)
    done = hub("detect", "--at", "2026-03-01T00:00:00Z", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["raised"] == 0
    assert hub("detect", "--at", "yesterday").returncode == 2


def test_migrate_says_what_it_did(hub: "Run") -> None:
    assert json.loads(hub("migrate", "--json").stdout) == {"applied": ["queue"]}
    assert hub("migrate").stdout == "The database is up to date.\n"


async def test_what_changed_between_two_days_is_printed(hub: "Run", store: Store) -> None:
    world = await example_world(store)
    await world.price("PP3", "wholesale", "80", end="2026-04-01")
    await world.price("PP3b", "wholesale", "75", start="2026-04-01")
    await world.grant("G4", "JS-C", "CN-BJ", start="2026-05-01", end=None)
    await world.policy(2, "2026-04-01", thresholds={"cross_region_sale": {"min_units": 20}})
    done = hub("policy", "diff", "--from", "2026-03-01", "--to", "2026-06-01")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "2026-03-01 > 2026-06-01: version 1 > version 2",
        "  effective_from: 2026-01-01 > 2026-04-01",
        "  thresholds.cross_region_sale.min_units: default > 20",
        "territory_grant: 1 began, 0 ended, 0 changed",
        "  began G4: partner JS-C, product_group X, region CN-BJ, segment *, exclusivity exclusive, valid_from 2026-05-01,"
        " source demo",
        "price_policy: 0 began, 0 ended, 1 changed",
        "  changed PP3b (wholesale P1 CN): unit_price 80 > 75, valid_from 2026-01-01 > 2026-04-01, valid_to 2026-04-01 > -,"
        " key PP3 > PP3b",
        "promotion: 0 began, 0 ended, 0 changed",
        "unit_mapping: 0 began, 0 ended, 0 changed",
    ]
    answer = json.loads(hub("policy", "diff", "--from", "2026-03-01", "--to", "2026-06-01", "--json").stdout)
    assert (answer["version_before"], answer["version_after"]) == (1, 2)
    (price,) = answer["rows"]["price_policy"]
    assert (price["change"], price["before"]["unit_price"], price["after"]["unit_price"]) == ("changed", "80", "75")
    assert hub("policy", "diff", "1", "2").stdout.splitlines()[1] == "thresholds.cross_region_sale.min_units: default > 20"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "two versions, BEFORE AFTER, or two days"),
        (("1",), "two versions, BEFORE AFTER, or two days"),
        (("1", "2", "--from", "2026-03-01"), "two versions, BEFORE AFTER, or two days"),
        (("--from", "2026-03-01"), "two versions, BEFORE AFTER, or two days"),
        (("--from", "soon", "--to", "2026-03-01"), "soon is not a day"),
        (("--from", "2026-06-01", "--to", "2026-03-01"), "turn the two days round"),
    ],
)
def test_a_comparison_of_nothing_in_particular_is_refused(hub: "Run", arguments: tuple[str, ...], said: str) -> None:
    done = hub("policy", "diff", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
