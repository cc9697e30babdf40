"""Documents nobody wrote, made to fit a hub: sizes, ids and words that have a chance of an answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from graphql import (
    REMOVE,
    ArgumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLObjectType,
    IntValueNode,
    ListValueNode,
    NameNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    parse,
    print_ast,
    visit,
)
from hypothesis import strategies as st
from hypothesis_graphql import nodes, queries

from tests.reading.answer import LISTS, global_id
from tests.reading.stock import narrow, stock_schema
from tests.rows import T0

CODES = ("CN", "CN-GD", "CN-SH", "US", "XX")
WORDS = {
    "channel": ("tmall", "trade", "b2b", "shop"), "number": ("SO-0", "SO-1", "SO-"), "sku": ("P-1", "Q-1"),
    "productGroup": ("GA", "GB"), "email": ("a@example.com", "a@"), "tier": ("gold", "go"),
}  # fmt: skip
ANY_WORD = ("west", "east", "Own", "es", "Customer", "c1", "l0", "CN", "CN-SH", "P-1")
SCALARS = {
    "DateTime": st.datetimes(T0.replace(tzinfo=None), T0.replace(tzinfo=None, month=5)).map(
        lambda moment: nodes.String(f"{moment.isoformat(timespec='seconds')}Z")
    ),
    "Date": st.dates().map(lambda day: nodes.String(day.isoformat())),
    "Decimal": st.sampled_from(("0", "25", "61.5", "100", "4000.5", "-3")).map(nodes.String),
    "CurrencyCode": st.sampled_from(("CNY", "USD")).map(nodes.String),
    "RegionCode": st.sampled_from(CODES).map(nodes.String),
    "RuleId": st.sampled_from(("cross_region_sale", "oversell")).map(nodes.String),
    "ConflictClass": st.sampled_from(("suspected", "natural")).map(nodes.String),
    "Cursor": st.just("x").map(nodes.String),
    "BigInt": st.integers(0, 10).map(lambda number: nodes.String(str(number))),
}
ROOTS = [name for kind, name in LISTS if kind == "Query"]
DOCUMENTS = st.lists(st.sampled_from((*ROOTS, *ROOTS, "node", "nodes")), min_size=1, max_size=3, unique=True).flatmap(
    lambda fields: queries(narrow(), fields=fields, custom_scalars=SCALARS, allow_null=False)
)
# What the ids are of that a condition compares.
NAMED = {
    "assignee": "Actor", "location": "Location", "partner": "Partner", "product": "Product", "soldTo": "Customer",
    "source": "Source",
}  # fmt: skip
TAKEN = ("filter", "orderBy", "id", "ids", "dimensions", "locale")
OPERATORS = ("eq", "ne", "in", "notIn", "startsWith", "contains", "isNull", "gte", "lt", "within", "currency")
DEEPEST = 3


class Fitted(Visitor):
    """Makes a document fit: `ids` are those of each type, `size` is that of the pages at the root.

    What is drawn has many conditions that hold of nothing together, and few fields: it gets fewer of the ones and, by `luck`,
    more of the others.
    """

    def __init__(self, types: TypeInfo, ids: Mapping[str, Sequence[int]], size: int, luck: Random, *, back: bool) -> None:
        super().__init__()
        self.types, self.ids, self.size, self.luck, self.back = types, ids, size, luck, back
        self.about = ""
        self.depth = 0

    def leave_field(self, node: FieldNode, *_: object) -> FieldNode:
        kept = [one for one in node.arguments or () if one.name.value in TAKEN]
        if self.luck.choice((True, False)):
            kept = [one for one in kept if one.name.value != "filter"]
        definition, parent = self.types.get_field_def(), self.types.get_parent_type()
        if definition is not None and "first" in definition.args:
            outside = parent is not None and parent.name == "Query"
            kept.append(sized("last" if outside and self.back else "first", self.size if outside else 3))
        return changed(node, arguments=tuple(kept))

    def leave_argument(self, node: ArgumentNode, *_: object) -> Any:
        if node.name.value not in ("orderBy", "dimensions") or not isinstance(node.value, ListValueNode):
            return None
        values = node.value.values[:3]
        if node.name.value == "dimensions" and not values:
            values = (EnumValueNode(value="PARTNER"),)
        return ArgumentNode(name=node.name, value=ListValueNode(values=values))

    def enter_object_field(self, node: ObjectFieldNode, *_: object) -> Any:
        name = node.name.value
        if name in ("and", "or", "not"):
            if self.depth == DEEPEST:
                return REMOVE
            self.depth += 1
        parent = get_named_type(self.types.get_parent_input_type())
        if parent is not None and parent.name.endswith("Filter") and name not in OPERATORS:
            self.about = name
        return None

    def leave_object_field(self, node: ObjectFieldNode, *_: object) -> None:
        self.depth -= node.name.value in ("and", "or", "not")

    def enter_string_value(self, node: StringValueNode | IntValueNode, *_: object) -> Any:
        kind = get_named_type(self.types.get_input_type())
        turn = sum(map(ord, node.value)) + len(node.value)
        if kind is not None and kind.name == "String":
            words = WORDS.get(self.about, ANY_WORD)
            return StringValueNode(value=words[turn % len(words)])
        if kind is not None and kind.name == "ID":
            return StringValueNode(
                value=self.some_id(NAMED.get(self.about) if self.types.get_parent_input_type() else None, turn)
            )
        return None

    enter_int_value = enter_string_value

    def leave_object_value(self, node: ObjectValueNode, *_: object) -> ObjectValueNode | None:
        kind = get_named_type(self.types.get_input_type())
        if kind is None or not kind.name.endswith("Filter"):
            return None
        needed = [one for one in node.fields if one.name.value == "currency"]
        others = [one for one in node.fields if one.name.value != "currency"]
        return ObjectValueNode(fields=(*needed, *self.luck.sample(others, min(len(others), self.luck.choice((1, 1, 2))))))

    def leave_selection_set(self, node: SelectionSetNode, *_: object) -> SelectionSetNode:
        kind = self.types.get_parent_type()
        if not isinstance(kind, GraphQLObjectType) or kind.name == "Query":
            return node
        return SelectionSetNode(selections=(*node.selections, *self.more(kind, 2)))

    def more(self, kind: GraphQLObjectType, depth: int) -> Iterator[FieldNode]:
        """Yield fields of an object, and of what it leads to."""
        leads = [name for name, one in kind.fields.items() if not is_leaf_type(get_named_type(one.type))]
        leaves = [name for name, one in kind.fields.items() if is_leaf_type(get_named_type(one.type)) and not one.args]
        for name in self.luck.sample(leaves, min(len(leaves), 5)):
            yield field(name, alias=f"{kind.name}_{name}")
        # A connection is no step of its own.
        inside = depth if kind.name.endswith(("Connection", "Edge")) else depth - 1
        for name in self.luck.sample(leads, min(len(leads), 3 if inside == depth else 2)) if inside or not leaves else ():
            target = get_named_type(kind.fields[name].type)
            below = [*self.more(target, inside)] if isinstance(target, GraphQLObjectType) else []
            if below:
                yield field(name, *below, alias=f"{kind.name}_{name}", arguments=self.given(kind.fields[name].args))

    def given(self, arguments: Mapping[str, GraphQLArgument]) -> tuple[ArgumentNode, ...]:
        """Return the arguments of a field that was added."""
        found = [sized("first", 3)] if "first" in arguments else []
        if "dimensions" in arguments:
            kind = get_named_type(arguments["dimensions"].type)
            assert isinstance(kind, GraphQLEnumType)
            chosen = self.luck.sample([*kind.values], self.luck.choice((1, 2, 3)))
            value = ListValueNode(values=tuple(EnumValueNode(value=one) for one in chosen))
            found.append(ArgumentNode(name=NameNode(value="dimensions"), value=value))
        return tuple(found)

    def some_id(self, kind: str | None, turn: int) -> str:
        kinds = sorted(self.ids)
        kind = kind or kinds[turn % len(kinds)]
        numbers = [*self.ids[kind], 1]
        return global_id(kind, numbers[turn % len(numbers)])


def fitted(document: str, ids: Mapping[str, Sequence[int]], size: int, luck: Random, *, back: bool) -> str:
    """Return a generated document as it fits a hub."""
    types = TypeInfo(stock_schema())
    return print_ast(visit(parse(document), TypeInfoVisitor(types, Fitted(types, ids, size, luck, back=back))))


def ends(document: str, *, back: bool) -> str:
    """Return a document that asks where the pages of another one end, and nothing else."""
    inside = field("pageInfo", field("startCursor" if back else "endCursor"))
    return rooted(document, lambda one: changed(one, selection_set=selections(inside)))


def turned(document: str, cursors: Mapping[str, str | None], *, back: bool) -> str:
    """Return a document with each list at the root begun where its page ended."""

    def begun(one: FieldNode) -> FieldNode:
        cursor = cursors[key_of(one)]
        if cursor is None:
            return one
        here = ArgumentNode(name=NameNode(value="before" if back else "after"), value=StringValueNode(value=cursor))
        return changed(one, arguments=(*(one.arguments or ()), here))

    return rooted(document, begun)


def rooted(document: str, change: Callable[[FieldNode], FieldNode]) -> str:
    """Return the lists at the root of a document, each changed."""
    whole = parse(document).definitions[0]
    assert isinstance(whole, OperationDefinitionNode)
    lists = [one for one in whole.selection_set.selections if isinstance(one, FieldNode) and ("Query", one.name.value) in LISTS]
    return print_ast(selections(*map(change, lists))) if lists else ""


def key_of(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def selections(*nodes_inside: FieldNode) -> SelectionSetNode:
    return SelectionSetNode(selections=nodes_inside)


def field(name: str, *inside: FieldNode, alias: str | None = None, arguments: tuple[ArgumentNode, ...] = ()) -> FieldNode:
    below = selections(*inside) if inside else None
    called = None if alias is None else NameNode(value=alias)
    return FieldNode(name=NameNode(value=name), alias=called, arguments=arguments, directives=(), selection_set=below)


def sized(name: str, size: int) -> ArgumentNode:
    return ArgumentNode(name=NameNode(value=name), value=IntValueNode(value=str(size)))


def changed(node: FieldNode, **parts: Any) -> FieldNode:
    """Return a field with other parts."""
    return FieldNode(
        **({name: getattr(node, name) for name in ("alias", "name", "arguments", "directives", "selection_set")} | parts)
    )
