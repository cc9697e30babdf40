"""What each GraphQL field is in the database, declared beside the field.

A piece of SQL is a template over the row it stands in: `{placed_at}` is a column of the row, `{up.id}` one of the row it hangs
from, `{now}` the time of the request. The text of every statement comes from these templates and from nowhere else; values
are always parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLField, GraphQLInputField
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument

from schema.context import Locale, Role
from schema.directives import Cost, ListSize, Restricted
from schema.scalars import Cursor

KEY = "sql"
T = TypeVar("T", bound=type)


@dataclass(frozen=True)
class Column:
    """A leaf. `always` states that an expression is never null where the columns in it do not show it."""

    sql: str
    always: bool = False


@dataclass(frozen=True)
class Part:
    """An object made of the columns of the same row: `columns` names its own columns, `when` says where it is not null."""

    columns: Mapping[str, str]
    when: str | None = None


@dataclass(frozen=True)
class One:
    """The row of another table. `join` is a condition over the target and `{up...}`, or a column that holds its id."""

    join: str
    order: str | None = None

    @property
    def condition(self) -> str:
        return self.join if "{" in self.join else f"{{id}} = {{up.{self.join}}}"


@dataclass(frozen=True)
class Many:
    """A plain list of rows of another table, bounded."""

    join: str
    order: str
    limit: int = 100


@dataclass(frozen=True)
class Refers:
    """A row of one of several types, named by its noun and its id: `types` gives the type of each noun."""

    types: Mapping[str, str]
    noun: str = "{noun}"
    id: str = "{id}"


@dataclass(frozen=True)
class Values:
    """A list unfolded from a value of the row itself. `source` makes the rows `{row}` without reading a table.

    A partner sees only what `own` finds among its own rows.
    """

    source: str
    order: str | None = None
    where: str | None = None
    limited: bool = False
    own: Refers | None = None


@dataclass(frozen=True)
class Count:
    """How many there are of what a list unfolds."""

    of: Values


@dataclass(frozen=True)
class Worded:
    """The texts of a finding: of this row, or of the finding with the highest score that `join` ties to it.

    `rule` is a template of the rule whose title it is.
    """

    join: str | None = None
    rule: str = "{rule}"


@dataclass(frozen=True)
class Figure:
    """One value computed over the rows of another type that the viewer may see; `live` leaves out what was deleted."""

    of: str
    join: str
    sql: str
    always: bool = False
    live: bool = True


@dataclass(frozen=True)
class Pages:
    """A connection. `join` ties a nested one to its parent; a root has none. `default` is the order without `orderBy`.

    `unfiltered` holds when no filter is given at all.
    """

    join: str | None
    default: tuple[tuple[str, bool], ...]
    unfiltered: str | None = None


@dataclass(frozen=True)
class Lookup:
    """`node` and `nodes`: rows of any noun by global id."""


@dataclass(frozen=True)
class Alone:
    """A root object without a table: what the request itself says."""


@dataclass(frozen=True)
class Given:
    """What an argument gives: read as `cast`, or as the id of a row of the type `to`."""

    argument: str
    cast: str = "bigint"
    to: str | None = None


@dataclass(frozen=True)
class Arguments:
    """A root object whose columns are its own arguments, or, with `join`, the row of its table that they find.

    `check` refuses what does not go together.
    """

    columns: Mapping[str, Given]
    join: str | None = None
    check: Callable[[Mapping[str, Any]], None] | None = None


@dataclass(frozen=True)
class Totals:
    """Figures over all rows of a connection: its leaves are aggregate expressions."""


@dataclass(frozen=True)
class Sums:
    """Inside Totals: one object per value of `by`, made of aggregate expressions over the counted rows."""

    by: str
    columns: Mapping[str, str]
    when: str


@dataclass(frozen=True)
class Whole:
    """Inside Totals: a sum over the counted rows, unknown where one of its parts is; with a `currency` an amount of money."""

    part: str | Figure
    currency: str | None = None


@dataclass(frozen=True)
class Groups:
    """Inside Totals: the same figures by dimension. Dimensions are templates over the counted row."""

    dimensions: Mapping[str, str | Figure]


Source = (
    Column
    | Part
    | One
    | Many
    | Refers
    | Values
    | Count
    | Worded
    | Figure
    | Pages
    | Lookup
    | Alone
    | Arguments
    | Totals
    | Sums
    | Whole
    | Groups
)


@dataclass(frozen=True)
class Sort:
    """A sort key: the expression, the type a cursor's text is read back as, whether it can be null, and who may ask for it.

    Of a `unique` one no two rows of a list have the same value.
    """

    sql: str | Figure
    cast: str
    nullable: bool = False
    unique: bool = False
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True)
class Where:
    """What an input field asks about.

    `sql` is a column or template; with `{value}` in it, the whole condition, whose value is read as `cast`. `to` is the type
    an id must be of: what the viewer may not see counts as absent; of several columns any may hold it. `through` is (type,
    join): any such row matches. `unfolded` makes the rows `{row}` from a value of the row itself: any of them matches.
    """

    sql: str | Figure | tuple[str, ...]
    cast: str = "text"
    to: str | None = None
    through: tuple[str, str] | None = None
    unfolded: str | None = None
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True)
class Owner:
    """The row a row is part of: its type, and the column with its id. `{owner.currency}` is a column of it."""

    kind: str
    column: str

    @property
    def join(self) -> str:
        """What ties the parts to the row above them when that is their owner."""
        return f"{{{self.column}}} = {{up.id}}"


@dataclass(frozen=True)
class Related:
    """What a field of a filter asks of rows of the type `to`: of the one that `join` finds, or of `several`."""

    to: str
    join: str
    several: bool = False

    @property
    def condition(self) -> str:
        return One(self.join).condition


@dataclass(frozen=True)
class Table:
    """Where the objects of a type rest. `live` leaves out of lists what was deleted at its source.

    `only` leaves out, everywhere, rows of the table that are no objects of the type. `models` names the kinds of streams whose
    freshness an answer with these rows depends on.
    """

    name: str
    live: str | None = None
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    only: str = ""
    owner: Owner | None = None


# -- declarations beside the fields


def template(sql: str) -> str:
    """Return a bare column name as a template; a template as it is."""
    return f"{{{sql}}}" if sql.isidentifier() else sql


def declared(description: str, source: Source, *, roles: Sequence[Role] = (), directives: Sequence[object] = ()) -> Any:
    marks = [*directives, *([Restricted(roles=list(roles))] if roles else [])]
    return strawberry.field(description=description, metadata={KEY: source}, directives=marks)


def argument(name: str, annotation: object, description: str, default: object = strawberry.UNSET) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=default,
    )


def taking(made: Any, *arguments: StrawberryArgument) -> Any:
    """Give a declared field its arguments."""
    made.arguments = list(arguments)
    return made


def column(sql: str, description: str, *, always: bool = False, roles: Sequence[Role] = ()) -> Any:
    """Declare a leaf: a column's name, or a template."""
    return declared(description, Column(template(sql), always), roles=roles)


LANGUAGE = argument("locale", Locale | None, "Language; default from Accept-Language.")


def text(sql: str, description: str, *, always: bool = False) -> Any:
    """Declare a leaf for people: it takes the language it is wanted in, `{locale}` in the template."""
    return taking(column(sql, description, always=always), LANGUAGE)


def part(columns: Mapping[str, str], description: str, *, when: str | None = None, roles: Sequence[Role] = ()) -> Any:
    """Declare an object made of columns of the same row."""
    return declared(description, Part({name: template(sql) for name, sql in columns.items()}, when), roles=roles)


def money(amount: str, currency: str, description: str, *, optional: bool = False) -> Any:
    """Declare an amount by its two columns; an optional one is null where either is."""
    value, unit = template(amount), template(currency)
    when = f"{value} IS NOT NULL AND {unit} IS NOT NULL" if optional else None
    return part({"amount": value, "currency": unit}, description, when=when)


def one(join: str, description: str, *, order: str | None = None, roles: Sequence[Role] = ()) -> Any:
    """Declare the row of another table: by the column that holds its id, or by a condition."""
    return declared(description, One(join, order), roles=roles)


def many(join: str, order: str, description: str, *, limit: int = 100, assumed: int = 20) -> Any:
    """Declare a plain list of rows of another table."""
    return declared(description, Many(join, order, limit), directives=[ListSize(assumed_size=assumed)])


def values(source: str, description: str, *, order: str | None = None, where: str | None = None) -> Any:
    """Declare a list unfolded from a value of the row."""
    return declared(description, Values(source, order, where))


def figure(of: str, join: str, sql: str, description: str, *, always: bool = False, cost: str | None = None) -> Any:
    """Declare a value computed over rows of another type."""
    return declared(description, Figure(of, join, sql, always), directives=[Cost(weight=cost)] if cost else [])


PAGE = (
    ("first", int | None, "How many from the start, 1..100."),
    ("after", Cursor | None, "Only what follows this cursor."),
    ("last", int | None, "How many from the end, 1..100. Not together with `first`."),
    ("before", Cursor | None, "Only what precedes this cursor."),
)


def pages(
    description: str,
    default: Sequence[tuple[str, bool]],
    *,
    join: str | None = None,
    filter: object = None,
    order: object = None,
    unfiltered: str | None = None,
) -> Any:
    """Declare a connection: its default order as (sort field, descending), its filter and its sort input.

    One with a `join` hangs from its parent and must be told how many; a root one gives 20 by itself.
    """
    arguments = [argument(*one) for one in PAGE]
    if filter is not None:
        arguments.append(argument("filter", filter, "Which."))
    if order is not None:
        arguments.append(argument("order_by", order, "Sort keys, most significant first."))
    size = ListSize(slicing_arguments=["first", "last"], sized_fields=["edges", "nodes"])
    if join is None:
        size.require_one_slicing_argument = False
        size.assumed_size = 20
    source = Pages(join, tuple(default), unfiltered)
    return taking(declared(description, source, directives=[Cost(weight="2"), size]), *arguments)


def table(name: str, **options: Any) -> Any:
    """Say where the objects of a type rest; stands above `strawberry.type`."""

    def mark(cls: T) -> T:
        cls.__table__ = Table(name, **options)  # type: ignore[attr-defined]
        return cls

    return mark


# -- reading the declarations back


def declaration(made: GraphQLField | GraphQLInputField) -> Any:
    """Return what a field was declared as; None for a field with a resolver of its own."""
    definition = made.extensions.get("strawberry-definition")
    return None if definition is None else definition.metadata.get(KEY)


def roles_of(made: GraphQLField) -> frozenset[Role] | None:
    """Return the roles that may read a field; None when all may."""
    definition = made.extensions.get("strawberry-definition")
    marks = [mark for mark in getattr(definition, "directives", ()) if isinstance(mark, Restricted)]
    return frozenset(marks[0].roles) if marks else None
