"""What an operation costs: the most before it runs, from the weights that the schema publishes, and then what came back.

An object in an answer begins with a brace, a quotation mark and the first key that was selected of it. So what came back is
counted by searching the answer, without reading it: for braces, which is several times as fast as for more than one byte, and
for the beginnings of objects that cost other than 1. A brace in a text counts as well: what an answer is said to cost may be a
little more than its objects, and is never more than the most.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    visit,
)
from graphql.utilities import value_from_ast_untyped

from schema.compiler.cache import Recent
from schema.compiler.plan import Asked, Selection, gather
from schema.directives import Cost, ListSize

Mark = TypeVar("Mark", Cost, ListSize)

# The schema is asked for seldom, and what it answers is the same for everybody.
INTROSPECTION = 10
# So many items has a page whose size is not known yet, and at most so many are counted: no list gives more.
UNKNOWN_SIZE, LARGEST_SIZE = 100, 200
# So many has a list that is part of its row.
PARTS = 5
SLICES = frozenset({"first", "last", "ids"})
PRICES = 16


@dataclass(frozen=True)
class Price:
    """What one operation costs at most, each root field of it, and what its answer holds.

    `itself` is for what the answer as a whole holds besides objects; each object costs 1, and by how its text begins what
    `others` add to that.
    """

    requested: int
    roots: Mapping[str, int]
    itself: int
    others: Mapping[bytes, int]

    def actual(self, data: Mapping[str, Any], text: bytes) -> int:
        """Return what an answer costs; a root field that came to nothing costs what was asked for."""
        failed = sum(self.roots[key] for key, value in data.items() if value is None)
        # From the second place on: the answer as a whole begins like an object too.
        found = text.count(b"{", 1) + sum(more * text.count(start, 1) for start, more in self.others.items())
        return min(self.requested, self.itself + failed + found)


class Meter:
    """Prices one operation; those for the sizes and conditions it came with lately are remembered."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self.schema, self.operation, self.fragments = schema, operation, fragments
        deciding = Deciding()
        for part in (operation, *fragments.values()):
            visit(part, deciding)
        self.defaults = {
            one.variable.name.value: value_from_ast_untyped(one.default_value) if one.default_value else None
            for one in operation.variable_definitions or ()
            if one.variable.name.value in deciding.names
        }
        self.prices: Recent[Price] = Recent(PRICES)

    def price(self, variables: Mapping[str, Any] | None) -> Price:
        """Return the price for the values of the variables."""
        given = variables or {}
        values = {name: plain(given.get(name, default)) for name, default in self.defaults.items()}
        return self.prices.get(tuple(values.values()), lambda: Walk(self.schema, Asked(self.fragments, values)).whole(self))

    def most(self) -> int:
        """Return what the operation costs at most, whatever its variables hold."""
        return Walk(self.schema, Asked(self.fragments, {}, whole=True)).whole(self).requested


class Deciding(Visitor):
    """Finds the variables that decide how much is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        if isinstance(node.value, VariableNode) and node.name.value in SLICES | {"if"}:
            self.names.add(node.value.name.value)


def plain(value: object) -> int:
    """Return what of a variable's value decides: a condition, a size, or the length of a list; -1 when it is none of them."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else -1


@dataclass
class Walk:
    """One walk over what is selected."""

    schema: GraphQLSchema
    asked: Asked
    objects: dict[str, int] = field(default_factory=dict)

    def whole(self, meter: Meter) -> Price:
        """Price an operation."""
        root = self.schema.get_root_type(meter.operation.operation)
        assert root is not None
        selected: Selection = {}
        gather(root, meter.operation.selection_set, self.asked, selected)
        parts = {key: self.field(root, nodes, {}) for key, nodes in selected.items()}
        roots = {key: mine + below for key, (mine, below) in parts.items()}
        others = {f'{{"{first}":'.encode(): own - 1 for first, own in self.objects.items() if own != 1}
        return Price(sum(roots.values()), roots, sum(mine for mine, _ in parts.values()), others)

    def field(self, kind: GraphQLObjectType, nodes: list[FieldNode], sizes: Mapping[str, int]) -> tuple[int, int]:
        """Return what a field adds to the object it is of, and what the objects below it cost at most.

        `sizes` are those of lists that an argument further up bounds.
        """
        name = nodes[0].name.value
        if name.startswith("__"):
            return (0 if name == "__typename" else INTROSPECTION), 0
        definition = kind.fields[name]
        target, weight = get_named_type(definition.type), weight_of(definition)
        if is_leaf_type(target):
            return weight or 0, 0
        size, page = self.size(definition, nodes[0])
        if is_list_type(get_nullable_type(definition.type)):
            return weight or 0, sizes.get(name, size) * self.objects_of(target, nodes, {})
        return 0, self.objects_of(target, nodes, page, weight)

    def objects_of(
        self, kind: GraphQLNamedType, nodes: list[FieldNode], sizes: Mapping[str, int], weight: int | None = None
    ) -> int:
        """Return what an object costs at most, whichever type it turns out to be of."""
        return max((self.one(one, nodes, sizes, weight) for one in self.possible(kind)), default=0)

    def one(self, kind: GraphQLObjectType, nodes: list[FieldNode], sizes: Mapping[str, int], weight: int | None) -> int:
        """Return what an object costs at most, and note what it costs by itself; of those that begin alike, the dearest."""
        selected: Selection = {}
        for node in nodes:
            if node.selection_set:
                gather(kind, node.selection_set, self.asked, selected)
        parts = [self.field(kind, inner, sizes) for inner in selected.values()]
        own = sum(mine for mine, _ in parts) + (weight_of_type(kind) if weight is None else weight)
        for first in list(selected)[:1]:
            self.objects[first] = max(own, self.objects.get(first, 0))
        return own + sum(below for _, below in parts)

    def possible(self, kind: GraphQLNamedType) -> Iterator[GraphQLObjectType]:
        """Yield the types of which an object can be."""
        if isinstance(kind, GraphQLObjectType):
            yield kind
        elif isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            yield from self.schema.get_possible_types(kind)

    def size(self, definition: GraphQLField, node: FieldNode) -> tuple[int, dict[str, int]]:
        """Return how many objects a field gives, and the same for the lists inside it that its arguments bound."""
        mark = marked(definition, ListSize)
        if mark is None:
            return PARTS, {}
        given = [one.value for one in node.arguments or () if one.name.value in (mark.slicing_arguments or ())]
        size = max((self.number(one) for one in given), default=mark.assumed_size or UNKNOWN_SIZE)
        return size, dict.fromkeys(mark.sized_fields or (), size)

    def number(self, value: ValueNode) -> int:
        """Return the size that an argument gives."""
        if isinstance(value, ListValueNode):
            return min(len(value.values), LARGEST_SIZE)
        if isinstance(value, VariableNode):
            known = self.asked.variables.get(value.name.value)
        else:
            known = int(value.value) if isinstance(value, IntValueNode) else None
        return UNKNOWN_SIZE if known is None or known < 0 else min(known, LARGEST_SIZE)


def marked(holder: Any, mark: type[Mark]) -> Mark | None:
    """Return what the schema says of a field or type by a directive."""
    definition = holder.extensions.get("strawberry-definition")
    return next((one for one in getattr(definition, "directives", ()) if isinstance(one, mark)), None)


def weight_of(definition: GraphQLField) -> int | None:
    """Return the weight a field was given, None when it has none."""
    mark = marked(definition, Cost)
    return None if mark is None else int(mark.weight)


def weight_of_type(kind: GraphQLObjectType) -> int:
    """Return the weight of an object."""
    mark = marked(kind, Cost)
    return 1 if mark is None else int(mark.weight)
