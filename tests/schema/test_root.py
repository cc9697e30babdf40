"""The schema as a whole."""

from pathlib import Path

import schema
from schema.root import build_schema, sdl

COMMITTED = Path(schema.__file__).parent / "schema.graphql"


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    """Renew it with `python -m schema > schema/schema.graphql`."""
    assert COMMITTED.read_text(encoding="utf-8") == sdl()


def test_everything_in_the_schema_is_described() -> None:
    types = {name: kind for name, kind in build_schema()._schema.type_map.items() if not name.startswith("__")}
    bare = [name for name, kind in types.items() if not kind.description]
    for name, kind in types.items():
        for field, made in getattr(kind, "fields", {}).items():
            bare += [f"{name}.{field}"] if not made.description else []
            bare += [f"{name}.{field}({one})" for one, has in getattr(made, "args", {}).items() if not has.description]
        bare += [f"{name}.{word}" for word, made in getattr(kind, "values", {}).items() if not made.description]
    assert bare == []
