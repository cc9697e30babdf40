"""What is wrong with this installation, as `channelhub doctor` says it."""

import strawberry

from schema.context import RequestContext, Role
from schema.directives import Cost
from schema.errors import ErrorCode, HubGraphQLError

Info = strawberry.Info[RequestContext, None]


@strawberry.type
class DiagnosisQuery:
    @strawberry.field(
        description="What is wrong with this installation and what to do about it, in sentences; empty when nothing is. ADMIN.",
        directives=[Cost(weight="50")],
    )
    async def diagnosis(self, info: Info) -> list[str] | None:
        if info.context.viewer.role is not Role.ADMIN:
            raise HubGraphQLError("Your role may not read `diagnosis`.", ErrorCode.FORBIDDEN, field="diagnosis")
        return None if info.context.desk is None else await info.context.desk.ailing()
