"""Filters: from what is asked about a field to a condition with parameters."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from graphql import GraphQLInputObjectType, get_named_type

from schema.compiler.catalog import Related, Where, declaration, template
from schema.compiler.row import Row
from schema.errors import ErrorCode, HubGraphQLError, bad_input
from schema.ids import read_id

if TYPE_CHECKING:
    from schema.compiler.emit import Emitter

DEEPEST, WIDEST, LONGEST = 4, 20, 500
Path = tuple[str | int, ...]


def condition(emitter: "Emitter", kind: GraphQLInputObjectType, asked: dict[str, Any], row: Row, site: int, path: Path) -> str:
    """Return the condition of one filter object: all that it says holds. Raises BAD_USER_INPUT and FORBIDDEN."""
    return " AND ".join(parts(emitter, kind, asked, row, site, path, 0)) or "true"


def parts(
    emitter: "Emitter", kind: GraphQLInputObjectType, asked: dict[str, Any], row: Row, site: int, path: Path, depth: int
) -> list[str]:
    if depth > DEEPEST:
        raise bad_input(f"A filter nests `and`, `or`, `not` and relations at most {DEEPEST} deep.")
    found = []
    for name, value in asked.items():
        if value is None:
            continue
        here = (*path, name)
        if name in ("and", "or"):
            if len(value) > WIDEST:
                raise bad_input(f"`{name}` takes at most {WIDEST} filters.")
            inner = [
                " AND ".join(parts(emitter, kind, one, row, site, (*here, place), depth + 1)) or "true"
                for place, one in enumerate(value)
            ]
            joined = f" {name.upper()} ".join(f"({one})" for one in inner)
            found.append(f"({joined})" if joined else "true")
        elif name == "not":
            inner_not = " AND ".join(parts(emitter, kind, value, row, site, here, depth + 1)) or "true"
            found.append(f"({inner_not}) IS NOT TRUE")
        else:
            found.append(asks(emitter, kind, name, value, row, site, here, depth))
    return found


def asks(
    emitter: "Emitter",
    kind: GraphQLInputObjectType,
    name: str,
    value: Any,
    row: Row,
    site: int,
    path: Path,
    depth: int,
) -> str:
    """Return the condition of one field of a filter."""
    field = kind.fields[name]
    where: Where | Related = declaration(field)
    if isinstance(where, Related):
        target = get_named_type(field.type)
        assert isinstance(target, GraphQLInputObjectType)
        return relation(emitter, where, target, value, row, site, path, depth + 1)
    if where.roles and emitter.viewer.role not in where.roles:
        raise HubGraphQLError("Your role may not filter by this field.", ErrorCode.FORBIDDEN, field=".".join(map(str, path)))
    if where.through:
        of, join = where.through
        other, source = emitter.table(of, row, [join])
        inner = test(emitter, where, get_named_type(field.type).name, value, other, site, path)
        return f"EXISTS (SELECT 1 {source} AND {inner})"
    if where.unfolded:
        each = Row(emitter, emitter.alias("v"), row)
        inner = test(emitter, where, get_named_type(field.type).name, value, each, site, path)
        return f"EXISTS (SELECT 1 FROM {where.unfolded.format_map(each)} WHERE {inner})"
    return test(emitter, where, get_named_type(field.type).name, value, row, site, path)


def relation(
    emitter: "Emitter",
    where: Related,
    kind: GraphQLInputObjectType,
    value: dict[str, Any],
    row: Row,
    site: int,
    path: Path,
    depth: int,
) -> str:
    """Return the condition that a related row is such. One that the viewer may not see is absent, here as everywhere."""
    if not where.several:
        return exists(emitter, where, kind, value, row, site, path, depth)
    found = []
    for name, wanted in value.items():
        if wanted is not None:
            inner = get_named_type(kind.fields[name].type)
            assert isinstance(inner, GraphQLInputObjectType)
            one = exists(emitter, where, inner, wanted, row, site, (*path, name), depth)
            found.append(one if name == "some" else f"NOT {one}")
    return all_of(found)


def exists(
    emitter: "Emitter",
    where: Related,
    kind: GraphQLInputObjectType,
    value: dict[str, Any],
    row: Row,
    site: int,
    path: Path,
    depth: int,
) -> str:
    # As where it is shown: a list leaves out what was deleted at its source, a single record stays.
    other, source = emitter.table(where.to, row, [where.condition], live=where.several)
    inner = parts(emitter, kind, value, other, site, path, depth)
    return f"EXISTS (SELECT 1 {' AND '.join([source, *inner])})"


def test(emitter: "Emitter", where: Where, kind: str, value: Any, row: Row, site: int, path: Path) -> str:
    if where.to is not None:
        return identity(emitter, where, row, value, site, path)
    sql = where.sql
    assert not isinstance(sql, tuple)
    if isinstance(sql, str) and "{value}" in sql:
        parameter = emitter.argument(site, path, where.cast, plain)
        return f"({sql.replace('{value}', parameter).format_map(row)})"
    expression = emitter.expression(template(sql) if isinstance(sql, str) else sql, row)
    if isinstance(value, list):
        return f"{expression} = ANY({emitter.argument(site, path, f'{where.cast}[]', many)})"
    if not isinstance(value, dict):
        return f"{expression} = {emitter.argument(site, path, where.cast, plain)}"
    if kind == "RegionFilter":
        return all_of(region(emitter, expression, value, site, path))
    if kind == "MoneyFilter":
        return all_of(amount(emitter, expression, row, value, site, path))
    return all_of(operators(emitter, expression, where.cast, value, site, path))


def all_of(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions) or "true"


OPERATORS = {"eq": "=", "ne": "<>", "gte": ">=", "lt": "<"}


def operators(emitter: "Emitter", expression: str, cast: str, value: dict[str, Any], site: int, path: Path) -> list[str]:
    found = []
    for name, operand in value.items():
        here = (*path, name)
        if operand is None:
            continue
        if name in OPERATORS:
            found.append(f"{expression} {OPERATORS[name]} {emitter.argument(site, here, cast, plain)}")
        elif name == "in":
            found.append(f"{expression} = ANY({emitter.argument(site, here, f'{cast}[]', many)})")
        elif name == "notIn":
            found.append(f"{expression} <> ALL({emitter.argument(site, here, f'{cast}[]', many)})")
        elif name == "startsWith":
            found.append(f"starts_with({expression}, {emitter.argument(site, here, 'text', plain)})")
        elif name == "contains":
            wanted = emitter.argument(site, here, "text", at_least_two)
            found.append(f"position(lower({wanted}) IN lower({expression})) > 0")
        elif name == "isNull":
            found.append(f"{expression} IS {'' if operand else 'NOT '}NULL")
    return found


def identity(emitter: "Emitter", where: Where, row: Row, value: dict[str, Any], site: int, path: Path) -> str:
    """Compare the id of another row. One that the viewer may not see is absent, here as everywhere."""
    to, columns = where.to or "", where.sql if isinstance(where.sql, tuple) else (where.sql,)
    held = [emitter.expression(template(sql) if isinstance(sql, str) else sql, row) for sql in columns]
    seen = [f" AND {emitter.seen(to, one, row)}" if emitter.seen(to, one, row) else "" for one in held]
    found = []
    if value.get("eq") is not None:
        wanted = emitter.argument(site, (*path, "eq"), "bigint", id_of(to))
        found.append(any_of(f"{one} = {wanted}{also}" for one, also in zip(held, seen, strict=True)))
    if value.get("in") is not None:
        wanted = emitter.argument(site, (*path, "in"), "bigint[]", ids_of(to))
        found.append(any_of(f"{one} = ANY({wanted}){also}" for one, also in zip(held, seen, strict=True)))
    if value.get("isNull") is not None:
        there = any_of(f"{one} IS NOT NULL{also}" for one, also in zip(held, seen, strict=True))
        found.append(f"NOT {there}" if value["isNull"] else there)
    return all_of(found)


def any_of(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(f'({one})' for one in conditions)})"


def region(emitter: "Emitter", expression: str, value: dict[str, Any], site: int, path: Path) -> list[str]:
    found = []
    if value.get("eq") is not None:
        code = emitter.argument(site, (*path, "eq"), "text", plain)
        found.append(f"{expression} IN (SELECT place.id FROM region AS place WHERE place.code = {code})")
    if value.get("within") is not None:
        code = emitter.argument(site, (*path, "within"), "text", plain)
        found.append(
            f"{expression} IN (SELECT cover.covered_id FROM region_cover AS cover "
            f"JOIN region AS place ON place.id = cover.region_id WHERE place.code = {code})"
        )
    if value.get("isNull") is not None:
        found.append(f"{expression} IS {'' if value['isNull'] else 'NOT '}NULL")
    return found


def amount(emitter: "Emitter", expression: str, row: Row, value: dict[str, Any], site: int, path: Path) -> list[str]:
    """Compare money: the expression is an amount, `currency` of the same row its currency."""
    found = [f"{row['currency']} = {emitter.argument(site, (*path, 'currency'), 'text', plain)}"]
    for name in ("gte", "lt"):
        if value.get(name) is not None:
            found.append(f"{expression} {OPERATORS[name]} {emitter.argument(site, (*path, name), 'numeric', plain)}")
    return found


# -- from what an argument holds to what is bound


def plain(value: Any) -> object:
    if isinstance(value, str) and "\x00" in value:
        raise bad_input("A text cannot hold the character U+0000.")
    return value.value if isinstance(value, Enum) else value


def many(value: list[Any]) -> list[object]:
    if len(value) > LONGEST:
        raise bad_input(f"A list of values holds at most {LONGEST}.")
    return [plain(one) for one in value]


def at_least_two(value: str) -> object:
    if len(value) < 2:
        raise bad_input("`contains` needs 2 characters at least.")
    return plain(value)


def id_of(kind: str) -> Callable[[Any], int]:
    return lambda value: read_id(value, kind)


def ids_of(kind: str) -> Callable[[Any], list[int]]:
    return lambda value: [read_id(str(one), kind) for one in many(value)]
