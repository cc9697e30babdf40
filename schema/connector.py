"""Connector: one kind of system that sources can be made of, and what a source of it has to be told."""

from enum import Enum

import strawberry

from schema.compiler.catalog import Sort, column, pages, table, values
from schema.node import GLOBAL_ID, Node
from schema.paging import Connection
from schema.source import ConnectorQuality, SourceKind


@strawberry.enum(description="Form of a setting.")
class SettingType(Enum):
    TEXT = strawberry.enum_value("text", description="Text.")
    INTEGER = strawberry.enum_value("integer", description="A whole number.")
    BOOLEAN = strawberry.enum_value("boolean", description="`true` or `false`.")
    LIST = strawberry.enum_value("list", description="Several texts: `values`.")
    TABLE = strawberry.enum_value("table", description="Texts by key, or tables of these: `entries`.")


@strawberry.type(description="One setting that sources of a connector have.")
class ConnectorSetting:
    name: str = column("name", "Name.", always=True)
    help: str = column("help", "What it means.", always=True)
    type: SettingType = column("type", "Its form.", always=True)
    example: str | None = column("example", "An example.")
    default: str | None = column("{default}", "What holds without it; null = nothing.")
    required: bool = column("required", "Whether a source cannot do without.", always=True)
    secret: bool = column(
        "secret", "Whether it is given as a reference, `env:NAME` or `file:PATH`, and never itself.", always=True
    )


@table("connector", sorts={"NAME": Sort("name", "text")})
@strawberry.type(description="A kind of system that sources can be made of.")
class Connector(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str = column("name", "Name; unique.")
    title: str = column("title", "Title to show.")
    kind: SourceKind | None = column("kind", "Kind of system; null when it cannot be used.")
    version: str = column("version", "Version.")
    quality: ConnectorQuality = column("quality", "Level in the quality scale.")
    streams: list[str] = column("streams", "Names of its streams, in the order in which they are read.")
    settings: list[ConnectorSetting] = values(
        'ROWS FROM (jsonb_to_recordset({up.settings}) AS (name text, help text, type text, example text, "default" text, '
        "required boolean, secret boolean)) WITH ORDINALITY AS {row} "
        '(name, help, type, example, "default", required, secret, place)',
        "What a source of it is told.",
        order="{place}",
    )
    broken: str | None = column("broken", "Why it cannot be used; null when it can.")


@strawberry.type
class ConnectorQuery:
    connectors: Connection[Connector] | None = pages("Connectors that are installed, by name. ADMIN.", [("NAME", False)])
