"""Plans by what they depend on, so that a known operation does no work on its document.

A plan depends on the document and the place in it, on the shape of the viewer's scope, on the truth of each @include and @skip
and on which filters and sort keys its variables hold; never on their values.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from graphql import print_ast

from schema.compiler.plan import FieldInfo, Plan, shape, variables_of

V = TypeVar("V")
PLANS = 2000


class Recent(Generic[V]):
    """The most recently used values, up to a number of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value of a key, made if it is not there."""
        found = self.find(key)
        return self.keep(key, make()) if found is None else found

    def find(self, key: Hashable) -> V | None:
        """Return the value of a key if it is there."""
        if key in self.kept:
            self.kept.move_to_end(key)
        return self.kept.get(key)

    def keep(self, key: Hashable, value: V) -> V:
        """Keep a value; the one that was not used for longest makes room for it."""
        self.kept[key] = value
        if len(self.kept) > self.size:
            self.kept.popitem(last=False)
        return value


class Plans:
    """All plans of one schema."""

    def __init__(self) -> None:
        self.variables: Recent[tuple[str, ...]] = Recent(PLANS)
        self.plans: Recent[Plan] = Recent(PLANS)

    def get(self, info: FieldInfo, scope: Hashable, make: Callable[[], Plan]) -> Plan:
        """Return the plan of the field that `info` is about."""
        place = (document_of(info), info.operation.name and info.operation.name.value, info.parent_type.name, path_of(info))
        names = self.variables.get(place, lambda: variables_of(info.field_nodes, info.fragments))
        # A variable that was left out differs from one that is null.
        values = tuple((name, shape(info.variable_values[name])) for name in names if name in info.variable_values)
        return self.plans.get((place, scope, values), make)


def path_of(info: FieldInfo) -> tuple[Any, ...]:
    """Return the response keys down to the field; its place in a list does not matter."""
    return tuple(step for step in info.path.as_list() if isinstance(step, str))


def document_of(info: FieldInfo) -> str:
    """Return the text of the document."""
    if info.operation.loc is not None:
        return info.operation.loc.source.body
    return "\n".join(print_ast(part) for part in (info.operation, *info.fragments.values()))
