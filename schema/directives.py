"""What the schema says about a field besides its type: its weight, the size of its list, and who may read it."""

import strawberry
from strawberry.schema_directive import Location

from schema.context import Role


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    description="Weight of a field in the cost of an operation, in points, as a decimal number in text (IBM GraphQL cost "
    "directives). A field without it costs 0 points if it is a leaf, 1 point if it is an object.",
)
class Cost:
    weight: str = strawberry.field(name="weight", description='Points, for example "5".')


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many objects a list field can return, so that its cost is known before execution (IBM GraphQL cost "
    "directives).",
)
class ListSize:
    assumed_size: int | None = strawberry.field(
        name="assumedSize", description="Objects assumed when no slicing argument is given.", default=strawberry.UNSET
    )
    slicing_arguments: list[str] | None = strawberry.field(
        name="slicingArguments", description="Arguments that bound the list.", default=strawberry.UNSET
    )
    sized_fields: list[str] | None = strawberry.field(
        name="sizedFields", description="Child fields that hold the bounded lists.", default=strawberry.UNSET
    )
    require_one_slicing_argument: bool | None = strawberry.field(
        name="requireOneSlicingArgument",
        description="Whether a request without any slicing argument is refused (BAD_USER_INPUT).",
        default=True,
    )


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="Only these roles may read the field, filter by it or sort by it. Others receive null and one FORBIDDEN error.",
)
class Restricted:
    roles: list[Role] = strawberry.field(name="roles", description="Roles that may read the field.")
