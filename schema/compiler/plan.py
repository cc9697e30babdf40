"""The parts of a compiled read that know GraphQL and no SQL: what is selected, with which arguments, and what to bind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any, Protocol

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values
from graphql.pyutils import Path as ResponsePath
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

from schema.context import NO_POINTS, Points, Viewer
from schema.paging import fingerprint, read_cursor

Selection = dict[str, list[FieldNode]]


class FieldInfo(Protocol):
    """What Strawberry's executor tells of the field to be resolved: as graphql-core, but with plain variables."""

    field_name: str
    field_nodes: list[FieldNode]
    parent_type: GraphQLObjectType
    path: ResponsePath
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    operation: OperationDefinitionNode
    variable_values: dict[str, Any]
    context: Any


@dataclass(frozen=True)
class Asked:
    """What an operation came with besides the field itself. `whole` takes all that may be selected for selected."""

    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    whole: bool = False

    @property
    def values(self) -> VariableValues:
        return VariableValues({}, dict(self.variables))


def arguments(definition: GraphQLField, node: FieldNode, asked: Asked) -> dict[str, Any]:
    """Return a field's arguments as the schema reads them; those given as null are as if left out."""
    given: dict[str, Any] = get_argument_values(definition, node, asked.values)
    left_out = {name: definition.args[name].default_value for name, value in given.items() if value is None}
    return {name: value for name, value in (given | left_out).items() if value is not None and value is not Undefined}


def collect(kind: GraphQLObjectType, nodes: Sequence[FieldNode], asked: Asked) -> Selection:
    """Return what is selected on an object of one type by response key, in the order of the document."""
    found: Selection = {}
    for node in nodes:
        if node.selection_set:
            gather(kind, node.selection_set, asked, found)
    return found


def gather(kind: GraphQLObjectType, selections: SelectionSetNode, asked: Asked, found: Selection) -> None:
    for selection in selections.selections:
        if not included(selection, asked):
            continue
        if isinstance(selection, FieldNode):
            key = selection.alias.value if selection.alias else selection.name.value
            found.setdefault(key, []).append(selection)
        elif isinstance(selection, InlineFragmentNode):
            if selection.type_condition is None or applies(selection.type_condition.name.value, kind):
                gather(kind, selection.selection_set, asked, found)
        elif isinstance(selection, FragmentSpreadNode):
            fragment = asked.fragments[selection.name.value]
            if applies(fragment.type_condition.name.value, kind):
                gather(kind, fragment.selection_set, asked, found)


def applies(condition: str, kind: GraphQLObjectType) -> bool:
    return condition == kind.name or any(condition == one.name for one in kind.interfaces)


def included(node: Any, asked: Asked) -> bool:
    if asked.whole:
        return True
    skip = get_directive_values(GraphQLSkipDirective, node, asked.values)
    if skip and skip["if"]:
        return False
    include = get_directive_values(GraphQLIncludeDirective, node, asked.values)
    return not include or bool(include["if"])


class Names(Visitor):
    """Collects the variables and fragments that a piece of a document uses."""

    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()
        self.fragments: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.variables.add(node.name.value)

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.fragments.add(node.name.value)


def variables_of(nodes: Sequence[Node], fragments: Mapping[str, FragmentDefinitionNode]) -> tuple[str, ...]:
    """Return the variables a field uses, its fragments included."""
    names = Names()
    seen: set[str] = set()
    waiting: list[Node] = list(nodes)
    while waiting:
        visit(waiting.pop(), names)
        new = names.fragments - seen
        seen |= new
        waiting.extend(fragments[name] for name in new)
    return tuple(sorted(names.variables))


def shape(value: object) -> object:
    """Return what of a variable's value changes the text of a statement: what is given, not how much."""
    if isinstance(value, Mapping):
        return tuple((name, shape(one)) for name, one in sorted(value.items()))
    if isinstance(value, list):
        # Conditions and sort keys are written out one by one; a list of plain values is one parameter.
        return tuple(shape(one) for one in value if isinstance(one, Mapping | Enum)) or "list"
    return value if value is None or isinstance(value, bool | Enum) else "value"


@dataclass(frozen=True)
class Site:
    """A field with arguments whose values are bound anew each time."""

    definition: GraphQLField
    node: FieldNode

    @cached_property
    def constant(self) -> dict[str, Any] | None:
        """What the arguments are when no variable is among them."""
        names = variables_of(self.node.arguments or (), {})
        return None if names else arguments(self.definition, self.node, Asked({}, {}))


@dataclass
class Binding:
    """The values of one execution."""

    viewer: Viewer
    now: datetime
    key: bytes
    asked: Asked
    sites: Sequence[Site]
    given: Mapping[str, Any] = field(default_factory=dict)
    points: Points = NO_POINTS
    read: dict[int, dict[str, Any]] = field(default_factory=dict)
    cursors: dict[tuple[int, str], list[Any]] = field(default_factory=dict)

    def arguments(self, site: int) -> dict[str, Any]:
        """Return the arguments of one site, read once."""
        one = self.sites[site]
        if one.constant is not None:
            return one.constant
        if site not in self.read:
            self.read[site] = arguments(one.definition, one.node, self.asked)
        return self.read[site]

    def at(self, site: int, path: Sequence[str | int]) -> Any:
        """Return the value at a place within a site's arguments."""
        value: Any = self.arguments(site)
        for step in path:
            value = value[step]
        return value

    def filtered(self, site: int) -> str:
        """Return the hash of the filter at a site."""
        return fingerprint(self.arguments(site).get("filter"))

    def cursor(self, site: int, name: str, order: str, keys: int) -> list[Any]:
        """Return what a cursor argument holds."""
        if (site, name) not in self.cursors:
            text = self.arguments(site)[name]
            self.cursors[site, name] = read_cursor(text, self.key, order, self.filtered(site), keys)
        return self.cursors[site, name]


Slot = Callable[[Binding], object]
Check = Callable[[Binding], None]
Path = tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A statement with the values it wants, and what of the selection the viewer may not read.

    `lasting` says that the same values bring the same rows for as long as no data changes; `scope` are the slots that look at
    the viewer.
    """

    sql: str
    slots: tuple[Slot, ...]
    checks: tuple[Check, ...]
    sites: tuple[Site, ...]
    denied: tuple[tuple[Path, str], ...]
    lasting: bool
    scope: tuple[Slot, ...]

    def bind(self, binding: Binding) -> list[object]:
        """Return the values of one execution. Raises BAD_USER_INPUT and CURSOR_EXPIRED."""
        for check in self.checks:
            check(binding)
        return [slot(binding) for slot in self.slots]
