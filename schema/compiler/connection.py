"""One connection in a statement: its page, its edges, its count and its figures, each only when it is selected."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField, GraphQLInputObjectType, GraphQLObjectType, get_named_type

from schema.compiler.catalog import Column, Groups, Pages, Sort, Sums, Whole, declaration, template
from schema.compiler.conditions import condition
from schema.compiler.plan import Binding, Path, Selection, arguments, collect
from schema.compiler.policy import BRANCHES
from schema.compiler.row import Row, fixed, leaf
from schema.errors import ErrorCode, HubGraphQLError, bad_input
from schema.paging import COUNTED, LARGEST, VERSION, fingerprint, page_size

if TYPE_CHECKING:
    from schema.compiler.emit import Emitter

DEFAULT_PAGE = 20
MOST_SORTS = 3
MOST_GROUPS = 100


@dataclass(frozen=True)
class Key:
    """One sort key as it is applied to this page."""

    sort: Sort
    descending: bool
    nulls_first: bool


def sized(site: int, name: str, binding: Binding) -> None:
    """Refuse a page of a size that is not allowed, also where no page is selected."""
    page_size(binding.at(site, (name,)))


class Connection:
    """Writes the JSON of one connection."""

    def __init__(
        self,
        emitter: "Emitter",
        source: Pages,
        definition: GraphQLField,
        nodes: list[FieldNode],
        up: Row | None,
        path: Path,
    ) -> None:
        self.emitter, self.source, self.definition, self.up, self.path = emitter, source, definition, up, path
        kind = get_named_type(definition.type)
        assert isinstance(kind, GraphQLObjectType)
        node = get_named_type(kind.fields["nodes"].type)
        assert isinstance(node, GraphQLObjectType)
        self.kind, self.node = kind, node
        self.selected = collect(kind, nodes, emitter.asked)
        self.site = emitter.site(definition, nodes[0])
        self.given = arguments(definition, nodes[0], emitter.asked)
        self.backward = "last" in self.given
        self.check_size()
        self.keys = self.sort_keys()
        applied = [(key.sort.sql, key.descending, key.nulls_first) for key in self.keys]
        self.order = fingerprint((node.name, source.join, applied))
        if self.backward:
            self.keys = [Key(key.sort, not key.descending, not key.nulls_first) for key in self.keys]

    def check_size(self) -> None:
        """Refuse a page whose size is said twice, or not at all where it must be."""
        if "first" in self.given and "last" in self.given:
            raise bad_input("`first` and `last` do not go together; give one of them.")
        if self.up is not None and not {"first", "last"} & self.given.keys():
            raise bad_input(f"`{self.path[-1]}` needs `first` or `last`: 1 to 100 items.", field=".".join(self.path))
        for name in {"first", "last"} & self.given.keys():
            self.emitter.checks.append(partial(sized, self.site, name))

    @cached_property
    def size(self) -> str:
        """The placeholder of the page's size; bound only where there is a page, or PostgreSQL would not know its type."""
        for name in ("first", "last"):
            if name in self.given:
                return self.emitter.argument(self.site, (name,), "int", page_size)
        return self.emitter.bound("default page", "int", fixed(DEFAULT_PAGE))

    def sort_keys(self) -> list[Key]:
        sorts = self.emitter.tables.by_type[self.node.name].sorts
        wanted = self.given.get("orderBy")
        if wanted and len(wanted) > MOST_SORTS:
            raise bad_input(f"A list is sorted by at most {MOST_SORTS} keys.")
        if wanted:
            for one in wanted:
                self.check_sort(one["field"].name, sorts[one["field"].name])
            return [
                Key(sorts[one["field"].name], one["direction"].name == "DESC", one["nulls"].name == "FIRST") for one in wanted
            ]
        return [Key(sorts[name], descending, False) for name, descending in self.source.default]

    def check_sort(self, name: str, sort: Sort) -> None:
        """Refuse an order that is not for the viewer's role."""
        if sort.roles and self.emitter.viewer.role not in sort.roles:
            raise HubGraphQLError(
                f"Your role may not sort by {name}.", ErrorCode.FORBIDDEN, field=".".join((*self.path, "orderBy"))
            )

    # -- rows

    def rows(self) -> tuple[Row, str]:
        """Return a row of the list and its FROM and WHERE: of the parent, seen by the viewer, let through by the filter."""
        conditions = [one for one in (self.source.join,) if one]
        filtered = self.given.get("filter")
        if self.source.unfiltered and filtered is None:
            conditions.append(self.source.unfiltered)
        row, source = self.emitter.table(self.node.name, self.up, conditions)
        if filtered:
            kind = get_named_type(self.definition.args["filter"].type)
            assert isinstance(kind, GraphQLInputObjectType)
            source += f" AND ({condition(self.emitter, kind, filtered, row, self.site, ('filter',))})"
        return row, source

    def value(self, key: Key, row: Row) -> str:
        sql = key.sort.sql
        return self.emitter.expression(template(sql) if isinstance(sql, str) else sql, row)

    def ordering(self, row: Row) -> str:
        keys = [
            f"{self.value(key, row)} {'DESC' if key.descending else 'ASC'}"
            # A key that cannot be null must not say where nulls go, or its index is no use.
            + (f" NULLS {'FIRST' if key.nulls_first else 'LAST'}" if key.sort.nullable else "")
            for key in self.keys
        ]
        if any(key.sort.unique for key in self.keys):
            return ", ".join(keys)
        return ", ".join([*keys, f"{row['id']} {'DESC' if self.id_descends else 'ASC'}"])

    @property
    def id_descends(self) -> bool:
        return self.keys[0].descending if self.keys else self.backward

    @property
    def one_way(self) -> bool:
        """Whether the order is that of one row comparison, which an index can answer."""
        return all(not key.sort.nullable and key.descending == self.id_descends for key in self.keys)

    def held(self, name: str, place: int, cast: str) -> str:
        """Return the placeholder of one value of a cursor."""
        site, order, keys = self.site, self.order, len(self.keys)
        return self.emitter.bound(
            ("cursor", site, name, place), f"text::{cast}", lambda binding: binding.cursor(site, name, order, keys)[place]
        )

    def beyond(self, name: str, row: Row, *, here: bool = False) -> str:
        """Return the condition that a row comes after the cursor `name` in the page's direction.

        With `here`, the opposite: that it comes before it or is the cursor's own.
        """
        held = [self.held(name, place, key.sort.cast) for place, key in enumerate(self.keys)]
        held_id = self.held(name, len(self.keys), "bigint")
        forward = self.forward(name)
        if self.one_way:
            sign = ">" if self.id_descends is not forward else "<"
            if here:
                sign = "<=" if sign == ">" else ">="
            values = ", ".join([*(self.value(key, row) for key in self.keys), row["id"]])
            return f"({values}) {sign} ({', '.join([*held, held_id])})"
        after = f"{row['id']} {'>' if self.id_descends is not forward else '<'} {held_id}"
        for key, value in reversed(list(zip(self.keys, held, strict=True))):
            mine = self.value(key, row)
            later = f"{mine} {'>' if key.descending is not forward else '<'} {value}"
            if key.sort.nullable and (key.nulls_first is not forward):
                later = f"({later} OR {mine} IS NULL AND {value} IS NOT NULL)"
            elif key.sort.nullable:
                later = f"({later} OR {mine} IS NOT NULL AND {value} IS NULL)"
            after = f"({later} OR {mine} IS NOT DISTINCT FROM {value} AND {after})"
        return f"({after}) IS NOT TRUE" if here else f"({after}) IS TRUE"

    def forward(self, name: str) -> bool:
        """Whether the rows wanted lie after this cursor in the page's own direction."""
        return (name == "after") is not self.backward

    def bounds(self, row: Row) -> str:
        return "".join(f" AND {self.beyond(name, row)}" for name in ("after", "before") if name in self.given)

    def outside(self, name: str) -> str:
        """Return whether a row lies on the far side of a cursor, the cursor's own included."""
        if name not in self.given:
            return "false"
        row, source = self.rows()
        return f"EXISTS (SELECT 1 {source} AND {self.beyond(name, row, here=True)})"

    def cursor(self, row: Row) -> str:
        """Return the cursor of a row."""
        return self.sealed([self.value(key, row) for key in self.keys], row["id"])

    def sealed(self, values: Sequence[str], id: str) -> str:
        """Return the cursor of a row by its sort values and its id."""
        site = self.site
        filtered = self.emitter.bound(("filtered", site), "text", lambda binding: binding.filtered(site))
        texts = [as_text(value, key.sort.cast) for value, key in zip(values, self.keys, strict=True)]
        named = ", ".join([f"{VERSION}, '{self.order}', {filtered}", *texts, f"{id}::text"])
        return f"hub_cursor(json_build_array({named})::text)"

    # -- JSON

    def json(self) -> str:
        """Return the connection as a scalar sub-select."""
        (page, lists), figures = self.page(), self.emitter.alias("c")
        sources = [f"({page}) AS page"] if page else []
        names = {nodes[0].name.value for nodes in self.selected.values()}
        if names & {"totalCount", "countIsExact"}:
            _, source = self.rows()
            sources.append(f"(SELECT count(*) AS n FROM (SELECT 1 {source} LIMIT {COUNTED + 1}) AS counted) AS total")
        columns = []
        for key, nodes in self.selected.items():
            name = nodes[0].name.value
            if name in ("nodes", "edges"):
                sql = lists[key]
            elif name == "pageInfo":
                sql = self.page_info(nodes, (*self.path, key))
            elif name == "totalCount":
                sql = f"least(total.n, {COUNTED})"
            elif name == "countIsExact":
                sql = f"total.n <= {COUNTED}"
            elif name == "aggregates":
                sql = Aggregates(self, nodes, (*self.path, key)).json()
            else:
                sql = f"'{self.kind.name}'::text"
            columns.append(f'{sql} AS "{self.emitter.key(key)}"')
        if not sources:
            self.rows()  # a filter that is refused is refused whatever is selected
        tail = f" FROM {' CROSS JOIN '.join(sources)}" if sources else ""
        return f"(SELECT row_to_json({figures}) FROM (SELECT {', '.join(columns)}{tail}) AS {figures})"

    def page(self) -> tuple[str, dict[str, str]]:
        """Return the source of what is said of the page, if it is needed, and the SQL of each selection of its items.

        Items are gathered in the order their rows come in: nothing between the ordered rows and the gathering reorders them.
        """
        lists = {key: nodes for key, nodes in self.selected.items() if nodes[0].name.value in ("nodes", "edges")}
        informed = any(nodes[0].name.value == "pageInfo" for nodes in self.selected.values())
        if not lists and not informed:
            return "", {}
        row, source = self.rows()
        alias, limit = row["row"], f"{self.size} + 1" if informed else self.size
        found = f"SELECT {alias}.* FROM ({self.ordered(row, source)}) AS {alias} LIMIT {limit}"
        if len(lists) == 1 and not informed:
            return "", {
                key: self.items(nodes, row, (*self.path, key, "*"), f"({found}) AS {alias}") for key, nodes in lists.items()
            }
        rows = self.emitter.alias("f")
        few = f"{rows} AS {alias}" + (f" LIMIT {self.size}" if informed else "")
        columns = [
            f"{self.items(nodes, row, (*self.path, key, '*'), few)} AS list{place}"
            for place, (key, nodes) in enumerate(lists.items())
        ]
        ends = ""
        if informed:
            columns += [f"{self.end('1')} AS near", f"{self.end('ends.n')} AS far", "ends.more"]
            kept = [f"array_agg({self.value(key, row)}) AS key{place}" for place, key in enumerate(self.keys)]
            kept += [
                f"array_agg({row['id']}) AS ids",
                f"least(count(*), {self.size})::int AS n",
                f"count(*) > {self.size} AS more",
            ]
            ends = f" FROM (SELECT {', '.join(kept)} FROM {rows} AS {alias}) AS ends"
        page = f"WITH {rows} AS MATERIALIZED ({found}) SELECT {', '.join(columns)}{ends}"
        return page, {key: f"page.list{place}" for place, key in enumerate(lists)}

    def ordered(self, row: Row, source: str) -> str:
        """Return the rows in their order, as many as the largest page wants.

        The planner does not know the size of the page, but it has to know that it is small. Of what may be seen by one column
        or by another each part is read by itself; together they are few.
        """
        alias, emitter = row["row"], self.emitter
        last = f"ORDER BY {self.ordering(row)} LIMIT {LARGEST + 1}"
        rows = f"SELECT {alias}.* {source}{self.bounds(row)}"
        branches = BRANCHES.get((self.node.name, emitter.viewer.role), ()) if self.source.join is None else ()
        if not branches:
            return f"{rows} {last}"
        parts = " UNION ALL ".join(f"({rows} AND {one.format_map(row)} {last})" for one in branches)
        return f"SELECT {alias}.* FROM ({parts}) AS {alias} {last}"

    def end(self, place: str) -> str:
        """Return the cursor of the row at a place of the page; null when there is none."""
        cursor = self.sealed([f"ends.key{number}[{place}]" for number in range(len(self.keys))], f"ends.ids[{place}]")
        return f"CASE WHEN ends.n > 0 THEN {cursor} END"

    def items(self, nodes: list[FieldNode], row: Row, path: Path, rows: str) -> str:
        """Return the JSON of all items of these rows; those of a page that was read from its end are turned around."""
        columns, x = self.item(nodes, row, path), self.emitter.alias("x")
        if not self.backward:
            return f"(SELECT coalesce(json_agg(row_to_json({x})), '[]'::json) FROM (SELECT {columns} FROM {rows}) AS {x})"
        item = f"row_number() OVER () AS place, (SELECT row_to_json({x}) FROM (SELECT {columns}) AS {x}) AS json"
        return (
            "(SELECT coalesce(json_agg(item.json ORDER BY item.place DESC), '[]'::json) "
            f"FROM (SELECT {item} FROM {rows}) AS item)"
        )

    def item(self, nodes: list[FieldNode], row: Row, path: Path) -> str:
        """Return the columns of one item: those of the node itself, or of an edge around it."""
        emitter = self.emitter
        if nodes[0].name.value == "nodes":
            return emitter.columns(self.node, collect(self.node, nodes, emitter.asked), row, path)
        edge = get_named_type(self.kind.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        columns = []
        for key, inner in collect(edge, nodes, emitter.asked).items():
            name = inner[0].name.value
            if name == "node":
                sql = emitter.json(self.node, collect(self.node, inner, emitter.asked), row, (*path, key))
            else:
                sql = self.cursor(row) if name == "cursor" else f"'{edge.name}'::text"
            columns.append(f'{sql} AS "{emitter.key(key)}"')
        return ", ".join(columns)

    def page_info(self, nodes: list[FieldNode], path: Path) -> str:
        kind = get_named_type(self.kind.fields["pageInfo"].type)
        assert isinstance(kind, GraphQLObjectType)
        start, end = ("far", "near") if self.backward else ("near", "far")
        behind, ahead = self.outside("after"), self.outside("before")
        columns = {
            "has_next": ahead if self.backward else f"(page.more OR {ahead})",
            "has_previous": f"(page.more OR {behind})" if self.backward else behind,
            "start_cursor": f"page.{start}",
            "end_cursor": f"page.{end}",
        }
        return self.emitter.json(kind, collect(kind, nodes, self.emitter.asked), Row(self.emitter, "page", None, columns), path)


def as_text(value: str, cast: str) -> str:
    return f"hub_instant({value})" if cast == "timestamptz" else f"{value}::text"


class Aggregates:
    """Figures over all rows of a connection, whatever page of them is shown."""

    def __init__(self, connection: Connection, nodes: list[FieldNode], path: Path) -> None:
        self.connection, self.path, self.emitter = connection, path, connection.emitter
        kind = get_named_type(connection.kind.fields["aggregates"].type)
        assert isinstance(kind, GraphQLObjectType)
        self.kind = kind
        self.selected = collect(kind, nodes, connection.emitter.asked)

    def json(self) -> str:
        row, source = self.connection.rows()
        figures: list[str] = []
        columns = []
        for key, nodes in self.selected.items():
            name = nodes[0].name.value
            if name == "__typename":
                sql = f"'{self.kind.name}'::text"
            elif isinstance(made := declaration(self.kind.fields[name]), Column):
                figures.append(f"{made.sql.format_map(row)} AS figure{len(figures)}")
                sql = leaf(self.kind, name, self.kind.fields[name], f"(figures.figure{len(figures) - 1})")
            elif isinstance(made, Sums):
                sql = self.sums(made, name, nodes, (*self.path, key))
            elif isinstance(made, Whole):
                sql = self.whole(made, name, nodes, (*self.path, key))
            else:
                assert isinstance(made, Groups)
                sql = self.groups(made, name, nodes, (*self.path, key))
            columns.append(f'{sql} AS "{self.emitter.key(key)}"')
        tail = f" FROM (SELECT {', '.join(figures)} {source}) AS figures" if figures else ""
        x = self.emitter.alias("x")
        return f"(SELECT row_to_json({x}) FROM (SELECT {', '.join(columns)}{tail}) AS {x})"

    def sums(self, made: Sums, name: str, nodes: list[FieldNode], path: Path) -> str:
        kind = get_named_type(self.kind.fields[name].type)
        assert isinstance(kind, GraphQLObjectType)
        row, source = self.connection.rows()
        return summed(self.emitter, made, kind, collect(kind, nodes, self.emitter.asked), row, source, path)

    def whole(self, made: Whole, name: str, nodes: list[FieldNode], path: Path) -> str:
        """Return a sum over all rows, null where one of its parts is."""
        emitter, definition = self.emitter, self.kind.fields[name]
        row, source = self.connection.rows()
        part = emitter.expression(made.part, row)
        total = "SELECT CASE WHEN count(*) = count(part) THEN coalesce(sum(part), 0) END AS amount"
        summed_up = f"{total} FROM (SELECT {part} AS part {source}) AS parts"
        if made.currency is None:
            return leaf(self.kind, name, definition, f"({summed_up})")
        kind = get_named_type(definition.type)
        assert isinstance(kind, GraphQLObjectType)
        money = Row(emitter, emitter.alias("w"), None, {"currency": made.currency})
        shown = emitter.json(kind, collect(kind, nodes, emitter.asked), money, path)
        known = f"{money['amount']} IS NOT NULL AND {made.currency} IS NOT NULL"
        return f"(SELECT CASE WHEN {known} THEN {shown} END FROM ({summed_up}) AS {money['row']})"

    def groups(self, made: Groups, name: str, nodes: list[FieldNode], path: Path) -> str:
        """Return the figures by group, largest first."""
        emitter, definition = self.emitter, self.kind.fields[name]
        kind = get_named_type(definition.type)
        assert isinstance(kind, GraphQLObjectType)
        given = arguments(definition, nodes[0], emitter.asked)
        dimensions = given["dimensions"]
        if not 1 <= len(dimensions) <= 3:
            raise bad_input("`groupBy` takes 1 to 3 dimensions.")
        size = emitter.argument(emitter.site(definition, nodes[0]), ("first",), "int", group_size)
        row, source = self.connection.rows()
        keys = [emitter.expression(made.dimensions[one.name], row) for one in dimensions]
        named = ", ".join(f"{sql}::text AS key{place}" for place, sql in enumerate(keys))
        group = ", ".join(f"key{place}" for place in range(len(keys)))
        inner = emitter.alias("g")
        counted = f"SELECT {row['row']}.*, {named} {source}"
        figures: list[str] = []
        columns = []
        for key, inside in collect(kind, nodes, emitter.asked).items():
            field = inside[0].name.value
            source_of = None if field == "__typename" else declaration(kind.fields[field])
            over = emitter.row(self.connection.node.name, inner, None)
            if source_of is None:
                sql = f"'{kind.name}'::text"
            elif field == "key":
                sql = f"json_build_array({', '.join(f'grouped.key{place}' for place in range(len(keys)))})"
            elif isinstance(source_of, Sums):
                target = get_named_type(kind.fields[field].type)
                assert isinstance(target, GraphQLObjectType)
                selected = collect(target, inside, emitter.asked)
                other, from_rows = self.connection.rows()
                same = " AND ".join(
                    f"{emitter.expression(made.dimensions[one.name], other)}::text IS NOT DISTINCT FROM grouped.key{place}"
                    for place, one in enumerate(dimensions)
                )
                sql = summed(emitter, source_of, target, selected, other, f"{from_rows} AND {same}", (*path, "*", key))
            else:
                assert isinstance(source_of, Column)
                figures.append(f"{source_of.sql.format_map(over)} AS figure{len(figures)}")
                sql = leaf(kind, field, kind.fields[field], f"(grouped.figure{len(figures) - 1})")
            columns.append(f'{sql} AS "{emitter.key(key)}"')
        grouped = (
            f"SELECT {', '.join([group, 'count(*) AS size', *figures])} FROM ({counted}) AS {inner} GROUP BY {group} "
            f"ORDER BY count(*) DESC, {group} LIMIT {size}"
        )
        x = emitter.alias("x")
        return (
            f"(SELECT coalesce(json_agg(row_to_json({x})), '[]'::json) FROM (SELECT {', '.join(columns)} "
            f"FROM ({grouped}) AS grouped ORDER BY grouped.size DESC, {group}) AS {x})"
        )


def summed(
    emitter: "Emitter", made: Sums, kind: GraphQLObjectType, selected: Selection, row: Row, source: str, path: Path
) -> str:
    """Return one object per value of `by`, in its order."""
    by = made.by.format_map(row)
    inner = ", ".join(f"{sql.format_map(row)} AS {name}" for name, sql in made.columns.items())
    over = Row(emitter, emitter.alias("s"), None)
    tail = f"FROM (SELECT {inner} {source} AND {made.when.format_map(row)} GROUP BY {by} ORDER BY {by}) AS {over['row']}"
    return emitter.array(kind, selected, over, (*path, "*"), tail)


def group_size(value: Any) -> int:
    if not isinstance(value, int) or not 1 <= value <= MOST_GROUPS:
        raise bad_input(f"`groupBy` gives 1 to {MOST_GROUPS} groups.")
    return value
