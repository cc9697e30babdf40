"""Lets finished JSON pass through the executor. The only file that overrides graphql-core and Strawberry.

`complete_value` is private there: the versions are pinned, and `self_test` refuses to start on ones where it no longer works.
"""

import asyncio
from typing import Any

import orjson
import strawberry
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from graphql.type import GraphQLOutputType, GraphQLResolveInfo
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from hub.errors import SettingsError
from schema.compiler.door import Prebuilt


class HubExecutor(StrawberryGraphQLCoreExecutionContext):
    """The stock executor, which leaves a Prebuilt value as it is."""

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: "GraphQLResolveInfo[Any]",
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        # First of all: a type that cannot be null is unwrapped by a second call of this same method.
        if type(result) is Prebuilt:
            self.collected_errors.errors.extend(result.errors)
            return orjson.Fragment(result.json)
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)


PIECE = '{"text":"as it was made"}'


def self_test() -> None:
    """Raise SettingsError when finished JSON does not pass through the installed libraries unchanged."""

    @strawberry.type
    class Piece:
        text: str

    @strawberry.type
    class Query:
        @strawberry.field
        def at_once(self) -> Piece:
            return Prebuilt(PIECE)  # type: ignore[return-value]

        @strawberry.field
        async def later(self) -> Piece | None:
            return Prebuilt(PIECE)  # type: ignore[return-value]

    schema = strawberry.Schema(Query, execution_context_class=HubExecutor)
    try:
        result = asyncio.run(schema.execute("{ atOnce { text } later { text } }"))
        passed = orjson.dumps(result.data).decode() == f'{{"atOnce":{PIECE},"later":{PIECE}}}' and not result.errors
    except Exception:
        passed = False
    if not passed:
        raise SettingsError(
            "The installed strawberry-graphql and graphql-core do not let finished JSON pass; install the versions that "
            "requirements.lock names."
        )
