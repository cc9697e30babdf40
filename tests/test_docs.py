"""What the pages say is what the code does: every table that repeats the code is compared with it, every example is run."""

import ast
import base64
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer.main
from graphql import parse, validate

from connectors.registry import all_connectors
from connectors.sheet import policy as sheet_policy
from connectors.sheet.cells import BadCell
from connectors.sheet.nouns import ALL, EVERYWHERE, NOUNS, POLICY, STREAMS, Column, Noun
from hub.alerts import policy as alerts
from hub.alerts.outbox import MOST_ATTEMPTS, wait
from hub.conflicts import jurisdiction, severity
from hub.conflicts import policy as policies
from hub.conflicts.registry import Pair, all_rules
from hub.conflicts.rule import CLASSES
from hub.errors import MappingError
from hub.records.message import REASONS
from hub.settings import Allowance, CostSettings, OidcSettings, Settings
from hub.store.database import Store
from jobs import cli
from jobs.queue import GRACE_S
from schema import limits
from schema.auth.oidc import DISCOVERY, FETCH_S, KEPT_S, PAUSE_S
from schema.auth.roles import MAY
from schema.context import RequestContext, Role, Viewer
from schema.errors import ErrorCode
from schema.paging import LARGEST
from schema.root import build_schema
from tests import samples
from tests.feeding import source

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("connectors/*/README.md")),
]
BLOCK = re.compile(r"^```(\w+) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
CELL = re.compile(r"(?<!\\)\|")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one of its level or above."""
    level = heading.count("#")
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"There is no heading {heading!r}."
    return re.sub(r"^```.*?^```$", "", found[1], flags=re.MULTILINE | re.DOTALL)


def table(text: str, *head: str) -> list[list[str]]:
    """Return the rows of the first table whose head begins with these words."""
    lines = text.splitlines()
    start = next(
        (place for place, line in enumerate(lines) if line.startswith("|") and cells(line)[: len(head)] == list(head)), None
    )
    assert start is not None, f"There is no table with the columns {head}."
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    return rows


def cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in CELL.split(line)[1:-1]]


def code(cell: str) -> str:
    """Return the one word of a cell that is set as code."""
    (found,) = CODE.findall(cell)
    return str(found)


# -- sheets.md

SHEETS = page("docs/sheets.md")
TYPE_OF = {
    "bad_code": "code", "too_long": "text", "bad_bool": "bool", "bad_int": "int", "bad_decimal": "decimal", "bad_rate": "rate",
    "bad_currency": "currency", "bad_date": "date", "bad_datetime": "datetime", "bad_month": "month", "bad_enum": "enum",
    "unknown_ref": "ref",
}  # fmt: skip


def test_every_file_of_the_sheet_format_is_listed_in_the_order_it_is_read() -> None:
    rows = table(SHEETS, "file", "one row is")
    assert [code(row[0]).removesuffix(".toml") for row in rows] == list(STREAMS)
    assert [row[3] for row in rows] == [str(place) for place in range(1, len(rows) + 1)]
    for row in rows[1:]:
        assert tuple(CODE.findall(row[2])) == NOUNS[code(row[0])].key


@pytest.mark.parametrize("noun", ALL, ids=lambda noun: noun.name)
def test_every_column_of_a_noun_has_its_row(noun: Noun) -> None:
    rows = table(section(SHEETS, f"### {noun.name}"), "column", "type")
    columns = [one for one in noun.columns if one not in EVERYWHERE]
    assert [code(row[0]) for row in rows] == [one.name for one in columns]
    conditional = {one.column for one in noun.conditions if one.code == "conditional"}
    for column, row in zip(columns, rows, strict=True):
        assert_described(column, row, "R" if column.required else "C" if column.name in conditional else "")


def test_the_columns_of_every_file_have_their_rows() -> None:
    rows = table(section(SHEETS, "### every file"), "column", "type")
    for column, row in zip(EVERYWHERE, rows, strict=True):
        assert code(row[0]) == column.name
        assert_described(column, row, "")


def test_no_noun_is_described_that_is_gone() -> None:
    headings = set(re.findall(r"^### (\w+)$", SHEETS, re.MULTILINE)) - {"Types"}
    assert headings == set(NOUNS)


def assert_described(column: Column, row: list[str], required: str) -> None:
    _, kind, needed, default, meaning, example = row
    assert needed == required, column.name
    assert meaning, column.name
    words = kind.split()
    several = words[:2] == ["list", "of"]
    assert (words[2] if several else words[0]) == TYPE_OF[column.kind.code], column.name
    assert several == isinstance(read(column, "a|a"), tuple), column.name
    if column.kind.code == "bad_enum":
        with pytest.raises(BadCell, match=re.escape(f"Write one of {', '.join(CODE.findall(kind))}.")):
            column.kind.read("?", UTC)
    elif "≥" in kind or ">" in kind:
        least = words[-1]
        assert (read(column, least) is not None) == ("≥" in kind), column.name
        assert read(column, f"-{least}" if least != "0" else "-1") is None
    if column.default is None:
        assert not default.startswith("`"), column.name
    elif column.default == ():
        assert default == "none", column.name
    else:
        assert code(default) == str(column.default).lower(), column.name
    assert read(column, code(example)) is not None, column.name


def read(column: Column, text: str) -> Any:
    """Read a cell; None for a bad one."""
    try:
        return column.kind.read(text, UTC)
    except BadCell:
        return None


def test_every_type_is_described_with_its_code() -> None:
    rows = table(SHEETS, "type", "what is accepted")
    described = {row[0]: row[3] for row in rows}
    assert {described.pop("list")} == {"as its part"}
    assert {name: code(cell) for name, cell in described.items()} == {name: code for code, name in TYPE_OF.items()}


def test_every_reject_code_is_listed_and_none_that_is_gone() -> None:
    listed = [one for row in table(SHEETS, "code", "meaning") for one in CODE.findall(row[0])]
    assert len(listed) == len(set(listed))
    assert set(listed) == codes_in_use()


def test_the_coarse_reasons_of_codes_are_told() -> None:
    told = re.sub(r"\s+", " ", SHEETS)
    for exact, reason in REASONS.items():
        if exact in codes_in_use():
            assert re.search(rf"`{exact}`[^;.]* {reason.name}\b", told), exact


def codes_in_use() -> set[str]:
    """Return every code that a file of the format can be set aside with, as it stands in the code."""
    place_of = {"Kind": 0, "BadCell": 0, "UnusableFile": 0, "Fault": 1, "Condition": 2, "bad": 2}
    found: set[str] = set()
    for file in (*ROOT.glob("connectors/sheet/*.py"), *ROOT.glob("hub/intake/*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                place = place_of.get(call.func.id, len(call.args))
                given = [*call.args[place : place + 1]]
                if call.func.id == "MappingError":
                    given += [one.value for one in call.keywords if one.arg == "code"]
                found |= {str(one.value) for one in given if isinstance(one, ast.Constant)}
    return found


def documented_policy() -> dict[str, Any]:
    (text,) = [text for kind, name, text in BLOCK.findall(SHEETS) if (kind, name) == ("toml", POLICY)]
    version = sheet_policy.policy(text)
    return {"timezone": version.timezone, **version.body}


def test_the_policy_of_the_page_has_every_key() -> None:
    body = documented_policy()
    assert known_keys("") <= {"version", "effective_from", "base_currency", *body}
    for path in ("jurisdiction", "severity", "alerts", "sla", "privacy", "severity.weights", "severity.bands", "severity.caps"):
        assert known_keys(path) - {"profile"} == reached(body, path).keys() - {"profile"}, path
    assert known_keys("jurisdiction.profile.default") == reached(body, "jurisdiction.profile.default").keys()


def known_keys(path: str) -> set[str]:
    """Return the keys that a table of the policy knows, by its own words."""
    head = 'version = 1\neffective_from = 2026-01-01\nbase_currency = "CNY"\n'
    with pytest.raises(MappingError) as refused:
        sheet_policy.policy(f"{head}[{path}]\n'?' = 1\n" if path else f"{head}'?' = 1\n")
    return set(str(refused.value).partition("there are ")[2].rstrip(".").split(", "))


def reached(body: dict[str, Any], path: str) -> dict[str, Any]:
    for name in path.split("."):
        body = body[name]
    return body


def test_the_policy_of_the_page_says_what_holds_anyway() -> None:
    body = documented_policy()
    assert body["timezone"] == "UTC"
    assert severity.Weights.of(body["severity"]) == severity.Weights.of({})
    assert body["severity"]["weights"].keys() == severity.WEIGHTS.keys()
    assert body["severity"]["caps"].keys() == severity.CAPS.keys()
    assert jurisdiction.profiles(body) == dict(jurisdiction.BUILT_IN)
    assert body["alerts"] == {
        "case_min_score": policies.CASE_MIN_SCORE,
        "immediate_score": alerts.IMMEDIATE_SCORE,
        "digest_at": alerts.DIGEST_AT,
        "quiet": alerts.QUIET,
        "escalate_after_hours": alerts.ESCALATE_AFTER_HOURS,
        "max_per_receiver_day": alerts.MAX_PER_RECEIVER_DAY,
        "always": list(policies.ALWAYS),
        "default": "channel@example.com",
    }
    for name, pair in all_rules().items():
        said = body["thresholds"].get(name, {})
        assert {key: policies.decimal(value) for key, value in said.items()} == dict(pair.rule.thresholds), name


def test_what_the_sheet_connector_knows_of_policies_is_what_the_hub_takes() -> None:
    assert set(sheet_policy.CAPS) == severity.CAPS.keys()
    assert jurisdiction.BUILT_IN.keys() == sheet_policy.PROFILES
    for name, pair in all_rules().items():
        assert pair.rule.thresholds.keys() <= {*sheet_policy.THRESHOLDS[name], *sheet_policy.ALERTING}, name


# -- rules.md

RULES = page("docs/rules.md")
each_rule = pytest.mark.parametrize("pair", all_rules().values(), ids=all_rules())


def sql_of(pair: Pair) -> str:
    return "\n".join(one.sql for one in pair.statements.values())


def test_every_rule_has_its_heading_and_no_other_has() -> None:
    headings = set(re.findall(r"^## ([a-z_]+)$", RULES, re.MULTILINE))
    assert headings == set(all_rules())


@each_rule
def test_a_rule_is_described_with_its_words(pair: Pair) -> None:
    rule, text = pair.rule, section(RULES, f"## {pair.rule.name}")
    assert table(text, "English", "中文") == [[rule.title_en, rule.title_zh]]
    told = {row[0].strip("`"): row[1:] for row in table(text, "class", "English", "中文")}
    assert told == {name or "any other": [says.en, says.zh] for name, says in rule.says.items()}


@each_rule
def test_a_rule_is_described_with_its_numbers_and_its_grain(pair: Pair) -> None:
    rule, text = pair.rule, section(RULES, f"## {pair.rule.name}")
    said = {code(row[0]): policies.decimal(row[1]) for row in table(text, "threshold", "default")} if rule.thresholds else {}
    assert said == dict(rule.thresholds)
    assert rule.thresholds or "No thresholds." in text
    flat = re.sub(r"\s+", " ", text)
    grain = re.search(r"\*\*Grain\*\* (.*?)[.,]? (?=\*\*Event|in byte)", flat)
    assert grain is not None
    assert tuple(CODE.findall(grain[1])) == rule.key
    needs = re.search(r"\*\*Needs\*\* (.*?)\. ", flat)
    assert needs is not None
    assert [frozenset(CODE.findall(group)) for group in needs[1].split(", ")] == list(rule.needs)


@each_rule
def test_a_rule_is_described_with_its_classes(pair: Pair) -> None:
    rows = table(section(RULES, f"## {pair.rule.name}"), "class", "full", "when")
    assert {code(row[0]) for row in rows if row[1] == "yes"} == pair.rule.full
    blocks = re.findall(r"\bCASE\b((?:(?!\bCASE\b).)*?)\bEND\b", sql_of(pair), re.DOTALL)
    decided = [set(re.findall(r"(?:THEN|ELSE) '(\w+)'", block)) for block in blocks]
    assert {code(row[0]) for row in rows} in decided


@each_rule
def test_a_rule_is_described_with_its_filters_in_their_order(pair: Pair) -> None:
    rows = table(section(RULES, f"## {pair.rule.name}"), "filter", "what it looks for")
    assert [code(row[0]) for row in rows] == re.findall(r"hub_tried\('(\w+)'", sql_of(pair))


@each_rule
def test_a_rule_is_described_with_evidence_it_has(pair: Pair) -> None:
    text = re.sub(r"\s+", " ", section(RULES, f"## {pair.rule.name}"))
    evidence = re.search(r"\*\*Evidence\*\* (.*?) \*\*Score\*\*", text)
    assert evidence is not None
    told = set(CODE.findall(evidence[1])) - set(all_rules())
    assert told <= set(re.findall(r"'(\w+)'", sql_of(pair)))
    for one in pair.rule.says.values():
        fields = set(re.findall(r"\{(\w+)\}", one.en + one.zh))
        assert fields - {"accused", "victim", "event_day", "product_group", "base_sku", "region"} <= told


def test_the_words_of_classes_are_told() -> None:
    rows = table(section(RULES, "# Class words"), "class", "English", "中文")
    assert {code(row[0]): (row[1], row[2]) for row in rows} == {name: (text.en, text.zh) for name, text in CLASSES.items()}


def test_the_jurisdictions_are_told() -> None:
    text = section(RULES, "# Jurisdictions")
    rows = table(text, "switch", *jurisdiction.BUILT_IN)
    assert [code(row[0]) for row in rows] == list(jurisdiction.Profile.__struct_fields__)
    for row in rows:
        for told, profile in zip(row[1:], jurisdiction.BUILT_IN.values(), strict=True):
            value = getattr(profile, code(row[0]))
            shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
            assert told == (", ".join(shown) if isinstance(shown, tuple) else str(shown)), row[0]


def test_the_score_is_told() -> None:
    text = section(RULES, "# Score")
    assert {code(row[0]): int(row[1]) for row in table(text, "term", "weight")} == severity.WEIGHTS
    assert {code(row[0]): int(row[1]) for row in table(text, "band", "from")} == {"info": 0, **severity.BANDS}
    caps = {name: int(row[0]) for row in table(text, "cap", "codes") for name in CODE.findall(row[1])}
    assert caps == severity.CAPS


# -- graphql.md

GRAPHQL = page("docs/graphql.md")


def documents() -> Iterator[Any]:
    for file in PAGES:
        for kind, name, text in BLOCK.findall(file.read_text(encoding="utf-8")):
            if kind == "graphql":
                yield pytest.param(text, id=f"{file.stem}-{name.split()[0] if name else 'block'}")


@pytest.mark.parametrize("document", [*documents()])
def test_every_document_fits_the_schema(document: str) -> None:
    assert validate(build_schema()._schema, parse(document)) == []


async def test_the_documents_of_the_page_run(store: Store) -> None:
    demo = await source(store, masters=True)
    await demo.send(samples.region("CN", kind="country"), samples.region("CN-GD", parent="CN", kind="province"))
    await demo.send(samples.partner("GD-A", home_region="CN-GD"), samples.partner("SH-B"), samples.product("P1"))
    await demo.send(*(samples.order(f"O{number}", seller="GD-A", ship_to_region="CN-GD") for number in range(3)))
    answers = {}
    for kind, name, text in BLOCK.findall(GRAPHQL):
        if kind == "graphql" and name.endswith(" run"):
            context = RequestContext(Viewer(Role.ADMIN), store, Settings(home=Path("unused")))
            result = await build_schema().execute(text, context_value=context)
            assert result.errors is None
            answers[name.split()[0]] = orjson.loads(orjson.dumps(result.data))
    assert [one["code"] for one in answers["first-look"]["partners"]["nodes"]] == ["GD-A"]
    orders = answers["next-page"]["orders"]
    assert len(orders["nodes"]) == 2
    assert orders["pageInfo"]["hasNextPage"]
    assert answers["findings"]["conflicts"]["aggregates"]["count"] == 0


def test_every_error_code_is_told() -> None:
    told = [one for row in table(section(GRAPHQL, "## Errors"), "code", "what to do") for one in CODE.findall(row[0])]
    assert sorted(told) == sorted(str(one.value) for one in ErrorCode)


def test_every_limit_is_told() -> None:
    rows = {row[0].replace("`", ""): row[1] for row in table(section(GRAPHQL, "## Limits"), "limit", "most")}
    told = {name.split(",")[0].split(" (")[0]: int(most.replace(",", "").split()[0]) for name, most in rows.items()}
    assert told == {
        "tokens of a document": limits.TOKENS,
        "depth": limits.DEPTH,
        "fields": limits.FIELDS,
        "aliases": limits.ALIASES,
        "aliasesOfOneField": limits.ALIASES_OF_ONE_FIELD,
        "rootFields of a query": limits.ROOT_FIELDS,
        "rootFields of a mutation": limits.ROOT_MUTATIONS,
        "directives": limits.DIRECTIVES,
        "fragments": limits.FRAGMENTS,
        "items of a page": LARGEST,
        "one statement": 5,
        "points of one operation": CostSettings().largest,
    }


def test_all_that_can_be_followed_is_told() -> None:
    rows = [code(row[0]) for row in table(section(GRAPHQL, "## Following"), "followed", "kept")]
    subscriptions = build_schema()._schema.subscription_type
    assert subscriptions is not None
    assert sorted(rows) == sorted(subscriptions.fields)


def test_what_tokens_may_spend_is_told() -> None:
    rows = table(section(GRAPHQL, "## Cost"), "", "each token")
    told = [tuple(int(cell.replace(",", "")) for cell in row[1:]) for row in rows]
    other, admin = CostSettings(), CostSettings().of("admin")
    assert told == [
        (other.points, admin.points),
        (other.per_second, admin.per_second),
        (other.largest, admin.largest),
    ]
    assert (other.points, other.per_second, other.largest) == tuple(Allowance().model_dump().values())


def test_every_mutation_is_told_with_the_roles_that_may_call_it() -> None:
    rows = {code(row[0]): row[1] for row in table(section(GRAPHQL, "## Changing"), "mutation", "role")}
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    assert rows.keys() == mutations.fields.keys() == MAY.keys()
    for name, told in rows.items():
        everybody = MAY[name] == frozenset(Role)
        assert (
            told == "anybody for its own, ADMIN for all"
            if everybody
            else set(told.split(", ")) == {one.name for one in MAY[name]}
        )


def test_every_command_is_told_with_what_does_the_same_in_the_api() -> None:
    rows = table(section(GRAPHQL, "### What commands do"), "command", "in the API")
    told = [command for row in rows for command in CODE.findall(row[0])]
    assert sorted(told) == sorted(commands())
    core = build_schema()._schema
    assert core.query_type is not None
    assert core.mutation_type is not None
    known = core.query_type.fields.keys() | core.mutation_type.fields.keys()
    for _, instead in rows:
        first = next(iter(CODE.findall(instead)), None)
        assert (
            first in known or instead in ("introspection", "for the shell of whoever runs the hub") or "upsertSource" in instead
        )


def test_every_role_is_told() -> None:
    assert [code(row[0]) for row in table(section(GRAPHQL, "## Who sees what"), "role", "rows")] == [
        "ADMIN", "ANALYST", "SERVICE", "CHANNEL_MANAGER", "DIRECT_SALES", "PARTNER",
    ]  # fmt: skip
    assert len(Role) == 6


# -- commands and connectors; the example settings are compared in tests/jobs/test_doctor.py


def commands() -> dict[str, set[str]]:
    """Return every command with its options."""
    cli.find_commands()
    found: dict[str, set[str]] = {}

    def walk(command: Any, name: str) -> None:
        for part, below in getattr(command, "commands", {}).items():
            walk(below, f"{name} {part}")
        # A group does something by itself only where it says so.
        if getattr(command, "invoke_without_command", True):
            found[name] = {
                option for one in command.params for option in one.opts if option.startswith("--") and option != "--help"
            }

    walk(typer.main.get_command(cli.app), "channelhub")
    return found


def test_every_command_is_told_with_its_options() -> None:
    rows = table(section(page("docs/operating.md"), "## Commands"), "command", "what it does")
    told = {re.sub(r"(?: \[?[A-Z]+\]?)+$", "", code(row[0])): set(CODE.findall(row[2])) for row in rows}
    assert told == commands()


def test_no_page_names_a_command_that_is_gone() -> None:
    known = commands()
    words = {name.split()[1] for name in known}
    for file in PAGES:
        text = file.read_text(encoding="utf-8").replace("\n", " ")
        for said in re.findall(r"`channelhub ([^`]*)`", text):
            first = next((word for word in shlex.split(said) if not word.startswith("-")), None)
            assert first is None or first.isupper() or first in words, f"{file.name}: channelhub {said}"


def test_no_page_names_a_target_of_make_that_is_gone() -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    for file in PAGES:
        said = re.findall(r"(?:`|^)make ([a-z]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(said) <= targets, file.name


def test_the_settings_of_the_identity_provider_are_told_with_their_defaults() -> None:
    text = section(page("docs/operating.md"), "## Identity provider")
    told = {code(row[0]): row[2] for row in table(text, "setting", "meaning")}
    assert list(told) == list(OidcSettings.model_fields)
    (shown,) = [
        text for kind, _, text in BLOCK.findall(page("docs/operating.md")) if kind == "toml" and "[server.oidc]" in text
    ]
    read = OidcSettings.model_validate(tomllib.loads(shown)["server"]["oidc"])
    assert read.roles
    assert told["user_claim"] == f"`{read.user_claim}`"
    assert told["clock_skew_seconds"] == str(read.clock_skew_seconds)
    assert told["algorithms"] == ", ".join(read.algorithms)
    for said in (f"within {FETCH_S:g} s", f"every {KEPT_S / 60:g} minutes", f"once in {PAUSE_S:g} s", DISCOVERY):
        assert said in text


def test_the_outcomes_of_runs_are_told() -> None:
    told = [code(row[0]) for row in table(section(page("docs/operating.md"), "## How a run ends"), "state", "meaning")]
    states: Any = build_schema()._schema.type_map["SyncRunState"]
    assert {one.upper() for one in told} == set(states.values) - {"REQUESTED", "RUNNING"}


@pytest.mark.parametrize("name", all_connectors())
def test_every_connector_has_a_readme_that_names_its_settings(name: str) -> None:
    entry = all_connectors()[name]
    assert entry.manifest is not None
    text = page(f"connectors/{name}/README.md")
    assert [one for one in entry.manifest.settings if f"`{one}`" not in text] == []


# -- all pages


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_between_pages_resolve(file: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        other = (file.parent / path).resolve() if path else file
        assert other.exists(), target
        if anchor:
            assert anchor in anchors(other), target


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


PATH = re.compile(r"`((?:hub|connectors|jobs|schema|tests|docs|examples|scripts|benchmarks)/[\w./*-]+)`")


@pytest.mark.parametrize("file", [one for one in PAGES if one.name != "connector-guide.md"], ids=lambda file: file.name)
def test_paths_that_pages_name_exist(file: Path) -> None:
    for path in PATH.findall(file.read_text(encoding="utf-8")):
        assert list(ROOT.glob(path.rstrip("/"))), path


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(file.name[:4]) for file in sorted(ROOT.glob("docs/decisions/*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def files(*, tests: bool) -> Iterator[tuple[str, str]]:
    """Yield the path and text of every file that is, or is about to be, part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    if not names:  # no repository: an unpacked archive
        kept = ("hub", "connectors", "jobs", "schema", "docs", "examples", "benchmarks", "tests")
        names = [
            str(file.relative_to(ROOT))
            for folder in kept
            for file in ROOT.glob(f"{folder}/**/*")
            if not {"__pycache__", "node_modules"} & set(file.parts)
        ]
    for name in names:
        if (ROOT / name).is_file() and (tests or not name.startswith("tests/")):
            try:
                yield name, (ROOT / name).read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


# In Base64, so that this file holds none of them.
NEVER_SAID = (
    base64.b64decode(
        "bWFsaWNpb3VzIHZpb2xhdGlvbiB2aW9sYXRvciBvZmZlbmRlciBjaGVhdCBmcmF1ZCBwZW5hbHR5IOaBtuaEjyDov53op4Qg6L+d"
        "57qmIOS9nOW8iiDmrLror4gg5aSE572a"
    )
    .decode()
    .split()
)


def test_the_hub_speaks_neutrally() -> None:
    words = [one for one in NEVER_SAID if one.isascii()]
    characters = [one for one in NEVER_SAID if not one.isascii()]
    assert (len(words), len(characters)) == (7, 6)
    never = re.compile(rf"(?<![a-z])(?:{'|'.join(words)})(?:s|es|ed|ing)?(?![a-z])|{'|'.join(characters)}", re.IGNORECASE)
    assert [(name, found[0]) for name, text in files(tests=False) if (found := never.search(text))] == []


# Whatever else an address names is for everybody to see: a standard, a licence, a project we speak of.
PUBLIC = {"scalars.graphql.org", "www.apache.org", "www.w3.org", "github.com"}
OURS = re.compile(r"localhost|127\.0\.0\.1|(?:[\w-]+\.)*example(?:\.(?:com|org|net))?")


def test_no_file_names_an_address_of_somewhere_else() -> None:
    foreign = []
    for name, text in files(tests=False):
        for host in re.findall(r"[a-z][a-z+]*://(?:[^\s/\"'@{}]*@)?([\w.-]+)", text):
            if host not in PUBLIC and not OURS.fullmatch(host):
                foreign.append((name, host))
    assert foreign == []


def test_the_lock_names_no_address() -> None:
    lock = page("requirements.lock")
    assert "://" not in lock
    assert "--index-url " not in lock.replace("--no-emit-index-url ", "")


def test_what_pages_say_of_times_is_what_holds() -> None:
    assert f"for {GRACE_S} s" in page("docs/operating.md")
    assert MOST_ATTEMPTS == 6
    assert sum((wait(one) for one in range(1, MOST_ATTEMPTS)), timedelta()) < timedelta(hours=3)
