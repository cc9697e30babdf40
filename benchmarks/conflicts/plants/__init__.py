"""What is planted, a module for each rule: its conflicts, and everything that is easily taken for one."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pkgutil import iter_modules

from benchmarks.conflicts.maker import Maker

Plant = Callable[[Maker], None]


def all_plants() -> Mapping[str, Plant]:
    """Return the plant of every rule by the rule's name; each writes one of each of its kinds."""
    return {one.name: import_module(f"{__name__}.{one.name}").plant for one in iter_modules(__path__)}
