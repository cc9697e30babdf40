"""Documents parsed, measured and validated once, and kept.

A document that fails is not kept: its errors are cheap to find again, and clients that send such things send many.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Node,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)
from graphql.validation import recommended_rules, specified_rules
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.cost import Meter, Price
from schema.errors import ErrorCode, HubGraphQLError, bad_input, without_values
from schema.limits import TOKENS, check, too_complex

KEPT = 1_000
# A longer document is checked each time, so that what is kept stays small whatever is sent.
LONGEST_KEPT = 64 * 1024
ERRORS_REPORTED = 5
RULES = (*specified_rules, *recommended_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(frozen=True)
class Document:
    """A document that may be executed. `introspects` says whether it asks for the schema itself."""

    text: str
    node: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    meters: dict[str | None, Meter]
    introspects: bool

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """Return the operation to run; the name may be left out when there is only one."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None:
            raise HubGraphQLError("The document has several operations; say `operationName`.", ErrorCode.BAD_REQUEST)
        if name not in self.operations:
            raise HubGraphQLError(f"The document has no operation called {name}.", ErrorCode.BAD_REQUEST)
        return self.operations[name]

    def price(self, name: str | None, variables: Mapping[str, Any] | None) -> Price:
        """Return what an operation may cost."""
        operation = self.operation(name)
        return self.meters[operation.name.value if operation.name else None].price(variables)


class Refused(Exception):
    """The document cannot be executed; `errors` say why."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class Documents:
    """The documents of one schema, least recently used first."""

    def __init__(self, schema: GraphQLSchema, *, suggestions: bool) -> None:
        self.schema = schema
        self.suggestions = suggestions
        self.kept: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """Return the document of a text. Raises Refused."""
        if text in self.kept:
            self.kept.move_to_end(text)
            return self.kept[text]
        document = self.read(text)
        if len(text) <= LONGEST_KEPT:
            self.kept[text] = document
            if len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return document

    def read(self, text: str) -> Document:
        """Parse, measure and validate."""
        node = parsed(text)
        if (problem := check(node)) is not None:
            raise Refused([problem])
        errors = validate(self.schema, node, RULES, ERRORS_REPORTED, hide_suggestions=not self.suggestions)
        if errors:
            raise Refused([coded(error, ErrorCode.GRAPHQL_VALIDATION_FAILED) for error in errors[:ERRORS_REPORTED]])
        visit(node, Storable())
        operations = {
            one.name.value if one.name else None: one for one in node.definitions if isinstance(one, OperationDefinitionNode)
        }
        fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
        meters = {name: Meter(self.schema, one, fragments) for name, one in operations.items()}
        return Document(text, node, operations, meters, introspects(node))


def parsed(text: str) -> DocumentNode:
    """Parse a text. Raises Refused."""
    try:
        return parse(text, max_tokens=TOKENS)
    except GraphQLSyntaxError as error:
        if f"{TOKENS} tokens" in error.message:
            raise Refused([too_complex("tokens", TOKENS)]) from error
        raise Refused([coded(error, ErrorCode.GRAPHQL_PARSE_FAILED)]) from error
    except RecursionError as error:
        raise Refused([too_complex("depth", TOKENS)]) from error


def coded(error: GraphQLError, code: ErrorCode) -> GraphQLError:
    """Return the error with its code and without what only a debugger wants."""
    return GraphQLError(
        without_values(error.message), error.nodes, error.source, error.positions, extensions={"code": code.value}
    )


class Storable(Visitor):
    """Refuses texts of a document that the database cannot hold. Raises Refused."""

    def enter_string_value(self, value: StringValueNode, *_: object) -> None:
        demand_storable(value.value)


def demand_storable(value: object) -> None:
    """Refuse a value with a text in it, however deep, that the database cannot hold. Raises Refused."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and "\x00" in one:
            raise Refused([bad_input("A text cannot hold the character U+0000.")])


def introspects(node: DocumentNode) -> bool:
    """Say whether a document asks for the schema. `__typename` does not count."""

    class Search(Visitor):
        found = False

        def enter_field(self, field: FieldNode, *_: Node) -> None:
            self.found |= field.name.value in {"__schema", "__type"}

    search = Search()
    visit(node, search)
    return search.found
