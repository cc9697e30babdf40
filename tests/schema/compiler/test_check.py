"""The catalogue is refused when a type cannot be read as it was declared."""

import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from hub.errors import SettingsError
from schema.compiler.catalog import Sort, column, pages, table
from schema.compiler.check import check
from schema.compiler.emit import Tables
from schema.context import Role
from schema.paging import Connection
from schema.scalars import SCALARS


def refused(region: type, says: str) -> None:
    @strawberry.type
    class Query:
        regions: Connection[region] | None = pages("Regions.", [("CODE", False)])  # type: ignore[valid-type]

    schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))
    with pytest.raises(SettingsError, match=says):
        check(Tables(schema._schema))


def test_a_field_with_a_resolver_of_its_own() -> None:
    @table("region", sorts={"CODE": Sort("code", "text")})
    @strawberry.type
    class Region:
        @strawberry.field
        def code(self) -> str:
            return ""

    refused(Region, r"Region\.code is not in the catalogue")


def test_a_field_that_may_be_null_and_says_it_is_not() -> None:
    @table("region")
    @strawberry.type
    class Region:
        parent: int = column("parent_id", "Parent.")

    refused(Region, r"Region\.parent is non-null, but what it is made of may be null")


def test_a_field_that_may_be_hidden_and_says_it_is_never_null() -> None:
    @table("region")
    @strawberry.type
    class Region:
        name: str = column("name", "Name.", roles=[Role.ADMIN])

    refused(Region, r"Region\.name may be hidden from some")


def test_a_field_that_reads_a_table_past_the_policy() -> None:
    @table("region")
    @strawberry.type
    class Region:
        partner: str | None = column("(SELECT p.name FROM partner AS p LIMIT 1)", "Some partner.")

    refused(Region, r"Region\.partner reads the table partner by itself")


def test_a_type_of_which_nobody_said_who_sees_it() -> None:
    @table("region")
    @strawberry.type
    class Province:
        name: str = column("name", "Name.")

    refused(Province, "Nobody has said who sees a Province")
