"""A row as templates see it, and the texts a value takes on its way out."""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from hub.cases.precision import levers_of
from hub.conflicts.procedure import DISMISSALS
from hub.conflicts.registry import all_rules
from schema.compiler.plan import Slot

if TYPE_CHECKING:
    from schema.compiler.emit import Emitter


class Row:
    """A row in a statement, as templates see it: `row["placed_at"]` is the SQL of a column.

    `veils` are templates over the row as it rests that stand in for some of its columns. `owner` is the row it is part of.
    """

    def __init__(
        self,
        emitter: "Emitter",
        alias: str,
        up: "Row | None",
        columns: Mapping[str, str] | None = None,
        veils: Mapping[str, str] | None = None,
        owner: "Row | Elsewhere | None" = None,
    ) -> None:
        self._emitter, self._alias, self._up, self._columns, self._veils = emitter, alias, up, columns, veils
        self._owner = owner

    def __getitem__(self, name: str) -> Any:
        if name == "up":
            return self._up
        if name == "owner":
            return self._owner
        if name == "row":
            return self._alias
        if self._columns is not None and name in self._columns:
            return self._columns[name]
        if self._veils is not None and name in self._veils:
            return f"({self._veils[name].format_map(Row(self._emitter, self._alias, self._up))})"
        return self._emitter.given(name) or f"{self._alias}.{name}"

    __getattr__ = __getitem__


class Elsewhere:
    """A row that is in no part of the statement yet: each of its columns is looked up by its id."""

    def __init__(self, table: str, id: str) -> None:
        self._table, self._id = table, id

    def __getattr__(self, name: str) -> str:
        return f"(SELECT owner.{name} FROM {self._table} AS owner WHERE owner.id = {self._id})"


def leaf(kind: GraphQLObjectType, name: str, definition: GraphQLField, sql: str) -> str:
    """Return a leaf in the form the API promises for its type."""
    target = get_named_type(definition.type)
    if is_list_type(get_nullable_type(definition.type)):
        return sql
    if isinstance(target, GraphQLEnumType):
        return named(target, sql)
    if target.name == "ID" and name == "id" and any(one.name == "Node" for one in kind.interfaces):
        return f"hub_global_id('{kind.name}', {sql})"
    return FORMS.get(target.name, "{0}").format(sql)


FORMS: Mapping[str, str] = {
    "DateTime": "hub_instant({0})",
    "Decimal": "hub_decimal({0})",
    "Duration": "hub_duration({0})",
    "BigInt": "{0}::text",
    "Float": "{0}::float8",
}


def named(kind: GraphQLEnumType, sql: str) -> str:
    """Return the name of an enum's member from the word that is stored."""
    words = {name: stored(one.value) for name, one in kind.values.items()}
    if all(word.upper() == name for name, word in words.items()):
        return f"upper({sql})"
    cases = " ".join(f"WHEN '{word}' THEN '{name}'" for name, word in words.items())
    return f"CASE {sql} {cases} END"


def stored(value: object) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def fixed(value: object) -> Slot:
    return lambda _: value


def wording() -> dict[str, object]:
    """Return the texts of all rules by name and language."""
    return {
        name: {
            "title": {"en": pair.rule.title_en, "zh-CN": pair.rule.title_zh},
            "says": {word: {"en": says.en, "zh-CN": says.zh} for word, says in pair.rule.says.items()},
        }
        for name, pair in all_rules().items()
    }


def rules() -> list[dict[str, object]]:
    """Return what is known of the rules without looking at data."""
    return [
        {
            "id": name,
            "version": pair.rule.version,
            "title": {"en": pair.rule.title_en, "zh-CN": pair.rule.title_zh},
            "grain": list(pair.rule.key),
            "levers": levers_of(pair.rule),
            "thresholds": {threshold: str(value) for threshold, value in pair.rule.thresholds.items()},
            "reasons": [{"rule": name, "reason": reason} for reason in DISMISSALS],
        }
        for name, pair in sorted(all_rules().items())
    ]


GIVEN: Mapping[str, tuple[str, Slot]] = {
    "now": ("timestamptz", lambda binding: binding.now),
    "wording": ("jsonb", lambda _: wording()),
    "rules": ("jsonb", lambda _: rules()),
    "viewer_partner": ("bigint", lambda binding: binding.viewer.partner_id),
    "viewer_partners": ("bigint[]", lambda binding: sorted(binding.viewer.partner_ids)),
    "viewer_regions": ("bigint[]", lambda binding: sorted(binding.viewer.region_ids)),
    "viewer_groups": ("text[]", lambda binding: sorted(binding.viewer.product_groups)),
    "viewer_user": ("bigint", lambda binding: binding.viewer.user_id),
    "viewer_role": ("text", lambda binding: binding.viewer.role.value),
    "viewer_locale": ("text", lambda binding: binding.viewer.locale.value),
    "viewer_name": ("text", lambda binding: binding.viewer.name),
    "viewer_token": ("bigint", lambda binding: binding.viewer.token_id),
    "points_most": ("float8", lambda binding: binding.points.most),
    "points_left": ("float8", lambda binding: binding.points.left),
    "points_per_second": ("float8", lambda binding: binding.points.per_second),
}
