"""How large a document may be. What is larger is refused before it is validated, and no statement runs.

Introspection is exempt from depth: the usual introspection query is deeper, and the validation bounds it otherwise.
"""

from collections import Counter
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from schema.errors import ErrorCode, HubGraphQLError

TOKENS = 2_000
DEPTH = 12
ALIASES = 30
ALIASES_OF_ONE_FIELD = 15
ROOT_FIELDS = 20
ROOT_MUTATIONS = 5
DIRECTIVES = 50
FRAGMENTS = 50
FIELDS = 1_000


@dataclass
class Size:
    """What a selection amounts to with its fragments spread out."""

    depth: int = 0
    fields: int = 0
    roots: int = 0


@dataclass
class Measure:
    """One walk over a document. Each fragment is measured once, however often it is spread."""

    fragments: dict[str, FragmentDefinitionNode]
    aliases: Counter[str] = field(default_factory=Counter)
    directives: int = 0
    known: dict[str, Size] = field(default_factory=dict)

    def selection(self, selections: SelectionSetNode | None) -> Size:
        """Measure a selection set."""
        total = Size()
        for selection in selections.selections if selections else ():
            self.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                part = self.one_field(selection)
            elif isinstance(selection, FragmentSpreadNode):
                part = self.fragment(selection.name.value)
            else:
                assert isinstance(selection, InlineFragmentNode)
                part = self.selection(selection.selection_set)
            total.depth = max(total.depth, part.depth)
            total.fields += part.fields
            total.roots += part.roots
        return total

    def one_field(self, node: FieldNode) -> Size:
        """Measure a field and what is below it."""
        name = node.name.value
        if node.alias:
            self.aliases[name] += 1
        below = self.selection(node.selection_set)
        depth = 0 if name in {"__schema", "__type"} else below.depth + 1
        return Size(depth, below.fields + 1, 1)

    def fragment(self, name: str) -> Size:
        """Measure a fragment. One that contains itself counts as empty here; validation refuses it."""
        if name not in self.known:
            self.known[name] = Size()
            if name in self.fragments:
                self.known[name] = self.selection(self.fragments[name].selection_set)
        return self.known[name]


def check(document: DocumentNode) -> HubGraphQLError | None:
    """Return why a document is too large, None when it is not."""
    definitions = document.definitions
    fragments = {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
    measure = Measure(fragments)
    sizes = [(one.operation, measure.selection(one.selection_set)) for one in operations]
    for name in fragments:
        measure.fragment(name)
    measure.directives += sum(len(one.directives or ()) for one in definitions if isinstance(one, ExecutableDefinitionNode))
    found = [
        ("fragments", len(fragments), FRAGMENTS),
        ("directives", measure.directives, DIRECTIVES),
        ("aliases", measure.aliases.total(), ALIASES),
        ("aliasesOfOneField", max(measure.aliases.values(), default=0), ALIASES_OF_ONE_FIELD),
    ]
    for operation, size in sizes:
        mutation = operation is OperationType.MUTATION
        found += [
            ("depth", size.depth, DEPTH),
            ("rootFields", size.roots, ROOT_MUTATIONS if mutation else ROOT_FIELDS),
            ("fields", size.fields, FIELDS),
        ]
    return next((too_complex(name, limit) for name, value, limit in found if value > limit), None)


def too_complex(name: str, limit: int) -> HubGraphQLError:
    """Return the error of a document that exceeds a limit."""
    return HubGraphQLError(
        f"The document exceeds the limit of {limit} {name}; ask for less, or in several requests.",
        ErrorCode.OPERATION_TOO_COMPLEX,
        limit=name,
    )
