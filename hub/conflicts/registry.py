"""Which rules there are: the pairs in rules/, then those that other packages announce."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from hub.conflicts import rules
from hub.conflicts.rule import Finding, Rule
from hub.errors import SettingsError
from hub.store.statements import Statement, read_statements

GROUP = "channelhub.conflict_rules"


@dataclass(frozen=True)
class Pair:
    """A rule and its statements by name."""

    rule: Rule
    statements: Mapping[str, Statement]


@cache
def all_rules() -> Mapping[str, Pair]:
    """Return every rule with its statements, by name, in the order they run in; two of one name are refused."""
    return collect([pairs(rules.__name__), *foreign()[0]])


def broken_packages() -> Mapping[str, str]:
    """Return the packages that announce rules and cannot be loaded, with the reason."""
    return foreign()[1]


@cache
def foreign() -> tuple[Sequence[Sequence[Pair]], Mapping[str, str]]:
    """Return the rules of other packages, and why some have none. Foreign code stops nothing else, whatever it raises."""
    loaded, broken = [], {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.value):
        try:
            loaded.append(pairs(point.value))
        except Exception as error:
            broken[point.value] = f"{type(error).__name__}: {error}".partition("\n")[0]
    return loaded, broken


def collect(packages: Iterable[Iterable[Pair]]) -> dict[str, Pair]:
    """Return the rules of some packages. Raises SettingsError when two have one name."""
    found: dict[str, Pair] = {}
    for package in packages:
        for pair in package:
            if pair.rule.name in found:
                raise SettingsError(f"Two rules are called {pair.rule.name}; rename one or remove its package.")
            found[pair.rule.name] = pair
    order = TopologicalSorter({name: pair.rule.after & found.keys() for name, pair in sorted(found.items())})
    return {name: found[name] for name in order.static_order()}


def pairs(package: str) -> list[Pair]:
    """Return the rules of one package, each file holding the one it is named after."""
    folder = import_module(package).__path__[0]
    return [
        Pair(
            getattr(import_module(f"{package}.{file.name}"), file.name),
            read_statements(Path(folder, f"{file.name}.sql")),
        )
        for file in iter_modules([folder])
    ]


def finding_of(row: Mapping[str, Any]) -> Finding:
    """Return what a sentence needs from a row of `conflict`."""
    names = [name for name in Finding.__struct_fields__ if name != "rule"]
    return Finding(rule=all_rules()[row["rule"]].rule, **{name: row[name] for name in names})
