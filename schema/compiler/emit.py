"""From a selection to one SQL statement that returns its JSON.

`row_to_json` over sub-selects gives the keys in the order of the selection. Every table enters a statement through
`Emitter.table`, which adds the viewer's condition; there is no other way.
"""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type

from hub.store.change import RESTLESS
from schema.compiler import policy
from schema.compiler.catalog import (
    Alone,
    Arguments,
    Column,
    Count,
    Figure,
    Lookup,
    Many,
    One,
    Pages,
    Part,
    Refers,
    Table,
    Values,
    Worded,
    declaration,
    roles_of,
)
from schema.compiler.conditions import id_of, plain
from schema.compiler.connection import Connection
from schema.compiler.plan import Asked, Check, Path, Plan, Selection, Site, Slot, arguments, collect
from schema.compiler.row import GIVEN, Elsewhere, Row, fixed, leaf
from schema.context import Role, Viewer
from schema.errors import ErrorCode, HubGraphQLError, bad_input
from schema.ids import split_id

LONGEST_KEY = 63  # PostgreSQL cuts the names of columns there
MOST_FIELDS = 1000
MOST_IDS = 100
DEFAULT_EVIDENCE = 20


class Tables:
    """The tables behind the types of a schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.by_type: dict[str, Table] = {}
        for kind in schema.type_map.values():
            definition = kind.extensions.get("strawberry-definition")
            found = getattr(getattr(definition, "origin", None), "__table__", None)
            if isinstance(kind, GraphQLObjectType) and found is not None:
                self.by_type[kind.name] = found
        self.nodes = {name for name in self.by_type if any(one.name == "Node" for one in self.object(name).interfaces)}

    def object(self, name: str) -> GraphQLObjectType:
        kind = self.schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        return kind


# What is given to a statement and is another thing at the next moment.
FLEETING = {("given", "now"), ("given", "points_left")}
# What of it is the viewer's.
SCOPE = {("given", name) for name in GIVEN if name.startswith("viewer_")}


class Emitter:
    """Writes one statement."""

    def __init__(self, tables: Tables, viewer: Viewer, asked: Asked) -> None:
        self.tables, self.viewer, self.asked = tables, viewer, asked
        self.slots: list[Slot] = []
        self.checks: list[Check] = []
        self.places: dict[tuple[object, str], int] = {}
        self.sites: list[Site] = []
        self.denied: dict[str, tuple[Path, str]] = {}
        self.models: set[str] = set()
        self.aliases = 0
        self.fields = 0

    def plan(self, sql: str) -> Plan:
        """Return the finished statement, together with how fresh its data is."""
        lasting = FLEETING.isdisjoint(key for key, _ in self.places) and RESTLESS[1] not in sql
        models = self.bound("models", "text[]", fixed(sorted(self.models)))
        fresh = (
            "SELECT min(watermark) AS watermark, coalesce(bool_or(watermark + make_interval(secs => freshness_s) "
            f"< {self.given('now')}), false) AS stale FROM stream WHERE model = ANY({models})"
        )
        whole = f"SELECT ({sql})::text AS body, fresh.watermark, fresh.stale FROM ({fresh}) AS fresh{self.unused(sql + fresh)}"
        scope = tuple(self.slots[place - 1] for (key, _), place in self.places.items() if key in SCOPE)
        return Plan(
            whole, tuple(self.slots), tuple(self.checks), tuple(self.sites), tuple(self.denied.values()), lasting, scope
        )

    def unused(self, sql: str) -> str:
        """Name the values that were bound for columns nobody selected: PostgreSQL wants to know the type of each."""
        casts = {f"${place}::": cast.partition("::")[0] for (_, cast), place in self.places.items()}
        idle = [place + cast for place, cast in casts.items() if place not in sql]
        return f" WHERE num_nulls({', '.join(idle)}) >= 0" if idle else ""

    # -- parameters

    def bound(self, key: object, cast: str, slot: Slot) -> str:
        """Return the placeholder of a value; the same value is bound once."""
        if (key, cast) not in self.places:
            self.slots.append(slot)
            self.places[key, cast] = len(self.slots)
        return f"${self.places[key, cast]}::{cast}"

    def given(self, name: str) -> str | None:
        """Return the placeholder of what templates may name besides columns."""
        if name not in GIVEN:
            return None
        cast, slot = GIVEN[name]
        return self.bound(("given", name), cast, slot)

    def site(self, definition: GraphQLField, node: FieldNode) -> int:
        """Note a field whose arguments are bound anew each time."""
        self.sites.append(Site(definition, node))
        return len(self.sites) - 1

    def argument(self, site: int, path: Sequence[str | int], cast: str, convert: Callable[[Any], object]) -> str:
        """Return the placeholder of a value within a site's arguments."""
        place = tuple(path)
        return self.bound(("argument", site, place), cast, lambda binding: convert(binding.at(site, place)))

    def alias(self, letter: str = "t") -> str:
        self.aliases += 1
        return f"{letter}{self.aliases}"

    # -- rows

    def row(self, kind: str, alias: str, up: Row | None, *, owned: bool = False) -> Row:
        """Return a row of a type with the columns the viewer is shown; `owned` says that the row above is its owner."""
        owner: Row | Elsewhere | None = up if owned else None
        whose = self.tables.by_type[kind].owner
        if whose and not owned:
            owner = Elsewhere(self.tables.by_type[whose.kind].name, f"{alias}.{whose.column}")
        return Row(self, alias, up, veils=policy.veils(kind, self.viewer), owner=owner)

    def table(self, kind: str, up: Row | None, conditions: Sequence[str], *, live: bool = True) -> tuple[Row, str]:
        """Return a row of a type and its FROM and WHERE: of those that meet the conditions, what the viewer may see."""
        found = self.tables.by_type[kind]
        self.models.update(found.models)
        owned = found.owner is not None and found.owner.join in conditions
        row = self.row(kind, self.alias(), up, owned=owned)
        wanted = [*conditions, found.only, policy.rows(kind, self.viewer, owned=owned)]
        if live and found.live:
            wanted.append(found.live)
        where = " AND ".join(f"({one.format_map(row)})" for one in wanted if one) or "true"
        return row, f"FROM {found.name} AS {row['row']} WHERE {where}"

    def seen(self, kind: str, expression: str, up: Row) -> str | None:
        """Return the condition that a row named by its id may be seen; None when all may."""
        if policy.rows(kind, self.viewer) is policy.ALL:
            return None
        _, source = self.table(kind, Row(self, "", up, {"wanted": expression}), ["{id} = {up.wanted}"], live=False)
        return f"EXISTS (SELECT 1 {source})"

    def expression(self, sql: str | Figure, row: Row) -> str:
        """Return an expression over a row, in parentheses."""
        if isinstance(sql, Figure):
            other, source = self.table(sql.of, row, [sql.join], live=sql.live)
            return f"(SELECT {sql.sql.format_map(other)} {source})"
        return f"({sql.format_map(row)})"

    # -- objects

    def json(self, kind: GraphQLObjectType, selected: Selection, row: Row, path: Path, tail: str = "") -> str:
        """Return the JSON of an object as a scalar sub-select; `tail` says where its row comes from."""
        x = self.alias("x")
        return f"(SELECT row_to_json({x}) FROM (SELECT {self.columns(kind, selected, row, path)} {tail}) AS {x})"

    def columns(self, kind: GraphQLObjectType, selected: Selection, row: Row, path: Path) -> str:
        return ", ".join(
            f'{self.field(kind, nodes, row, (*path, key))} AS "{self.key(key)}"' for key, nodes in selected.items()
        )

    def key(self, key: str) -> str:
        """Return a response key that can be the name of a column."""
        self.fields += 1
        if len(key) > LONGEST_KEY:
            limit = f"response keys of {LONGEST_KEY} characters"
            raise HubGraphQLError("An alias is too long; choose a shorter one.", ErrorCode.OPERATION_TOO_COMPLEX, limit=limit)
        if self.fields > MOST_FIELDS:
            raise HubGraphQLError(
                "The operation selects too many fields; ask in parts.",
                ErrorCode.OPERATION_TOO_COMPLEX,
                limit=f"{MOST_FIELDS} fields",
            )
        return key

    def field(self, kind: GraphQLObjectType, nodes: list[FieldNode], row: Row, path: Path) -> str:
        """Return the SQL of one selected field."""
        name = nodes[0].name.value
        if name == "__typename":
            return f"'{kind.name}'::text"
        definition = kind.fields[name]
        if not policy.may_read(roles_of(definition), self.viewer):
            self.deny(path)
            return "NULL::text"
        source = declaration(definition)
        target = get_named_type(definition.type)
        if isinstance(source, Column):
            sql = source.sql
            if definition.args and "{locale}" in sql:  # of what takes no language it is a column of the row
                row = Row(self, row["row"], row, {"locale": self.locale(definition, nodes[0])})
            return leaf(kind, name, definition, f"({sql.format_map(row)})")
        if isinstance(source, Figure):
            return leaf(kind, name, definition, self.expression(source, row))
        if isinstance(source, Count):
            return f"(SELECT count(*) {self.source(source.of, Row(self, self.alias('v'), row))})"
        if isinstance(source, Refers):
            return self.referred(source, nodes, row, path)
        assert isinstance(target, GraphQLObjectType), f"{kind.name}.{name} cannot be compiled"
        if isinstance(source, Pages):
            return Connection(self, source, definition, nodes, row, path).json()
        selected = collect(target, nodes, self.asked)
        if isinstance(source, Part):
            return self.part(source, target, selected, row, path)
        if isinstance(source, One):
            other, tail = self.table(target.name, row, [source.condition], live=False)
            last = f" ORDER BY {source.order.format_map(other)} LIMIT 1" if source.order else ""
            return self.json(target, selected, other, path, tail + last)
        if isinstance(source, Many):
            other, tail = self.table(target.name, row, [source.join])
            tail += f" ORDER BY {source.order.format_map(other)} LIMIT {source.limit}"
            return self.array(target, selected, other, (*path, "*"), tail)
        if isinstance(source, Worded):
            return self.worded(source, target, selected, row, path, self.locale(definition, nodes[0]))
        assert isinstance(source, Values)
        return self.unfolded(source, definition, nodes, target, selected, row, path)

    def locale(self, definition: GraphQLField, node: FieldNode) -> str:
        """Return the placeholder of the language a text is wanted in."""
        if "locale" in arguments(definition, node, self.asked):
            return self.argument(self.site(definition, node), ("locale",), "text", plain)
        return self.given("viewer_locale") or ""

    def deny(self, path: Path) -> None:
        """Note a field the viewer may not read: one error each, at the list it is nearest to."""
        outer = path[: path.index("*")] if "*" in path else path
        self.denied.setdefault(".".join(path), (outer, ".".join(path)))

    def part(self, source: Part, kind: GraphQLObjectType, selected: Selection, row: Row, path: Path) -> str:
        columns = {name: f"({sql.format_map(row)})" for name, sql in source.columns.items()}
        body = self.json(kind, selected, Row(self, row["row"], row["up"], columns), path)
        return f"CASE WHEN {source.when.format_map(row)} THEN {body} END" if source.when else body

    def array(self, kind: GraphQLObjectType, selected: Selection, row: Row, path: Path, tail: str) -> str:
        """Return the JSON of a list whose rows come from `tail`, in its order."""
        x = self.alias("x")
        return (
            f"(SELECT coalesce(json_agg(row_to_json({x})), '[]'::json) "
            f"FROM (SELECT {self.columns(kind, selected, row, path)} {tail}) AS {x})"
        )

    def unfolded(
        self,
        source: Values,
        definition: GraphQLField,
        nodes: list[FieldNode],
        kind: GraphQLObjectType,
        selected: Selection,
        up: Row | None,
        path: Path,
    ) -> str:
        row = Row(self, self.alias("v"), up)
        tail = self.source(source, row, kind.name)
        if source.order:
            tail += f" ORDER BY {source.order.format_map(row)}"
        if source.limited:
            given = "first" in arguments(definition, nodes[0], self.asked)
            site = self.site(definition, nodes[0])
            size = self.argument(site, ("first",), "int", evidence_size) if given else str(DEFAULT_EVIDENCE)
            tail += f" LIMIT {size}"
        return self.array(kind, selected, row, (*path, "*"), tail)

    def source(self, source: Values, row: Row, kind: str | None = None) -> str:
        """Return where the rows of an unfolded list come from; those of a type with a table are seen as in its table."""
        seen = policy.rows(kind, self.viewer) if kind in self.tables.by_type else policy.ALL
        conditions = [one.format_map(row) for one in (source.where, seen) if one]
        if source.own and self.viewer.role is Role.PARTNER:
            cases = " ".join(
                f"WHEN '{noun}' THEN {self.seen(kind, source.own.id.format_map(row), row) or 'true'}"
                for noun, kind in source.own.types.items()
            )
            cases += "".join(f" WHEN '{noun}' THEN {mine.format_map(row)}" for noun, mine in policy.REPORTED.items())
            conditions.append(f"CASE {source.own.noun.format_map(row)} {cases} ELSE false END")
        where = f" WHERE {' AND '.join(f'({one})' for one in conditions)}" if conditions else ""
        return f"FROM {source.source.format_map(row)}{where}"

    def referred(self, source: Refers, nodes: list[FieldNode], row: Row, path: Path) -> str:
        """Return the JSON of a row of whichever type its noun says; null for what is not to be seen."""
        cases = []
        for noun, name in source.types.items():
            kind = self.tables.object(name)
            other, tail = self.table(name, row, [f"{{id}} = {source.id.replace('{', '{up.')}"], live=False)
            cases.append(f"WHEN '{noun}' THEN {self.json(kind, collect(kind, nodes, self.asked), other, path, tail)}")
        return f"CASE {source.noun.format_map(row)} {' '.join(cases)} END"

    def worded(self, source: Worded, kind: GraphQLObjectType, selected: Selection, row: Row, path: Path, locale: str) -> str:
        """Return the texts of a finding in one language."""
        if source.join is None:
            summary = SENTENCE.format_map(Row(self, row["row"], row, {"locale": locale}))
        else:
            other, tail = self.table("Conflict", row, [source.join])
            said = SENTENCE.format_map(Row(self, other["row"], row, {"locale": locale}))
            summary = f"coalesce((SELECT {said} {tail} ORDER BY {other['score']} DESC, {other['id']} LIMIT 1), '')"
        rule = source.rule.format_map(row)
        title = TITLE.format_map(Row(self, row["row"], row, {"locale": locale, "rule": rule}))
        columns = {"locale": locale, "title": title, "summary": summary}
        return self.json(kind, selected, Row(self, row["row"], row, columns), path)

    # -- roots

    def root(self, definition: GraphQLField, nodes: list[FieldNode], path: Path) -> str:
        """Return the JSON of a root field."""
        source, target = declaration(definition), get_named_type(definition.type)
        if isinstance(source, Pages):
            return Connection(self, source, definition, nodes, None, path).json()
        if isinstance(source, Lookup):
            return self.lookup(definition, nodes, path)
        assert isinstance(target, GraphQLObjectType)
        selected = collect(target, nodes, self.asked)
        if isinstance(source, Alone):
            return self.json(target, selected, Row(self, "", None), path)
        if isinstance(source, Arguments):
            return self.argued(source, target, selected, self.site(definition, nodes[0]), path)
        assert isinstance(source, Values)
        return self.unfolded(source, definition, nodes, target, selected, None, path)

    def argued(self, source: Arguments, kind: GraphQLObjectType, selected: Selection, site: int, path: Path) -> str:
        """Return the JSON of a root object made of its arguments, or found by them."""
        check = source.check
        if check is not None:
            self.checks.append(lambda binding: check(binding.arguments(site)))
        columns = {
            name: self.argument(site, (one.argument,), one.cast, id_of(one.to) if one.to else plain)
            for name, one in source.columns.items()
        }
        row = Row(self, "", None, columns)
        if source.join is None:
            return self.json(kind, selected, row, path)
        found, tail = self.table(kind.name, row, [source.join])
        return self.json(kind, selected, found, path, tail)

    def lookup(self, definition: GraphQLField, nodes: list[FieldNode], path: Path) -> str:
        """Return the JSON of `node` or `nodes`: which types the ids name is part of the statement."""
        given = arguments(definition, nodes[0], self.asked)
        site = self.site(definition, nodes[0])
        if "id" in given:
            kinds = self.argument(site, ("id",), "text", lambda value: split_id(value)[0])
            ids = self.argument(site, ("id",), "bigint", lambda value: split_id(value)[1])
            return self.by_id(nodes, path, {split_id(given["id"])[0]}, f"(SELECT {kinds} AS kind, {ids} AS id) AS wanted")
        if len(given["ids"]) > MOST_IDS:
            raise bad_input(f"`nodes` takes at most {MOST_IDS} ids.")
        kinds = self.argument(site, ("ids",), "text[]", lambda value: [split_id(one)[0] for one in value])
        ids = self.argument(site, ("ids",), "bigint[]", lambda value: [split_id(one)[1] for one in value])
        return self.by_ids(nodes, path, {split_id(one)[0] for one in given["ids"]}, kinds, ids)

    def by_ids(self, nodes: list[FieldNode], path: Path, named: set[str], kinds: str, ids: str) -> str:
        """Return the JSON of a list of rows in the order of their ids, null for each that is not there to be seen."""
        wanted = f"unnest({kinds}, {ids}) WITH ORDINALITY AS wanted (kind, id, place)"
        return self.by_id(nodes, (*path, "*"), named, wanted, aggregate=True)

    def by_id(self, nodes: list[FieldNode], path: Path, named: set[str], wanted: str, *, aggregate: bool = False) -> str:
        cases = []
        for name in sorted(named & self.tables.nodes):
            kind = self.tables.object(name)
            row, tail = self.table(name, Row(self, "wanted", None), ["{id} = {up.id}"])
            cases.append(f"WHEN '{name}' THEN {self.json(kind, collect(kind, nodes, self.asked), row, path, tail)}")
        one = f"CASE wanted.kind {' '.join(cases)} END" if cases else "NULL::json"
        if aggregate:
            one = f"coalesce(json_agg({one} ORDER BY wanted.place), '[]'::json)"
        return f"(SELECT {one} FROM {wanted})"


TITLE = "coalesce({wording} -> {rule} -> 'title' ->> {locale}, {rule})"
# A partner reads what its own records say; whoever else is named in a sentence reads as a dash.
OWN_WORDS = (
    "order", "line", "order_date", "sku", "units", "net_units", "returned", "ship_to", "ship_from", "initiated", "channel",
    "url", "price", "currency", "observed_at", "unit_net", "event_day", "accused", "product_group", "base_sku", "region",
    "claim", "program", "serial", "invoice_ref", "claimed", "available", "last_purchase", "deal", "lot", "serial_count",
    "month", "opening", "closing", "expected", "missing", "closed_before", "median", "months_before",
)  # fmt: skip
OWN_FIELDS = f"'{{{{{','.join(OWN_WORDS)}}}}}'::text[]"
SENTENCE = (
    "hub_sentence(coalesce({wording} -> {rule} -> 'says' -> {classification} ->> {locale}, "
    "{wording} -> {rule} -> 'says' -> '' ->> {locale}, ''), "
    "(SELECT coalesce(jsonb_object_agg(said.key, said.value), '{{}}'::jsonb) FROM jsonb_each("
    "jsonb_build_object('event_day', {event_day}, 'accused', {accused}, 'victim', {victim}, "
    "'product_group', {product_group}, 'base_sku', {base_sku}, 'region', {region}) || jsonb_strip_nulls({evidence})) AS said "
    f"WHERE {{viewer_role}} <> 'partner' OR said.key = ANY({OWN_FIELDS})))"
)


def evidence_size(value: int) -> int:
    if not 1 <= value <= 200:
        raise bad_input("Evidence comes in 1 to 200 items.")
    return value
