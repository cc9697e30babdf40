"""Files of cases over HTTP: sent to the hub before they are added to a case, and fetched by whoever may see them there.

They have addresses of their own because a body on /graphql is short. A file is only ever handed out for saving: a browser
that were to show it would show what somebody else wrote as if it were ours.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import Declined
from hub.store import attachment
from hub.store.attachment import LARGEST, File
from hub.store.database import Store
from schema.ask import Ask
from schema.auth.roles import MAY
from schema.context import Viewer
from schema.errors import ErrorCode, HubGraphQLError
from schema.http import JSON, Problem, Web, body_of
from schema.ids import global_id, read_id
from schema.operation import encode

LOOK = "query ($id: ID!) { node(id: $id) { ... on CaseAttachment { id } } }"


@dataclass
class Files:
    """The addresses of files."""

    web: Web
    store: Store

    async def send(self, request: Request) -> Response:
        """Answer POST on /attachments?name=…: keep the body for its sender to add to a case within a day."""
        return await self.web.guarded(request, self.kept)

    async def fetch(self, request: Request) -> Response:
        """Answer GET on /attachments/ID: the file, if the caller may see it in its case."""
        return await self.web.guarded(request, self.given)

    async def kept(self, request: Request, request_id: str) -> Response:
        viewer = (await self.web.admitted(request)).viewer
        if viewer.role not in MAY["attachToCase"] or viewer.user_id is None:
            raise Problem(403, ErrorCode.FORBIDDEN, "Files are sent by users who work on cases, or reply to them.")
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        file = File(name=request.query_params.get("name", ""), media_type=media, body=await body_of(request, LARGEST))
        try:
            async with self.store.transaction() as connection:
                made = await attachment.send(connection, viewer.user_id, file)
        except Declined as error:
            raise Problem(400, ErrorCode.VALIDATION_FAILED, str(error)) from error
        return Response(orjson.dumps({"uploadId": global_id("Upload", made)}), 201, media_type=JSON)

    async def given(self, request: Request, request_id: str) -> Response:
        viewer = (await self.web.admitted(request)).viewer
        absent = Problem(404, ErrorCode.NOT_FOUND, "There is no such file.")
        try:
            number = read_id(request.path_params["id"], "CaseAttachment")
        except HubGraphQLError as error:
            raise absent from error
        if not await self.seen(viewer, request.path_params["id"], request_id):
            raise absent
        async with self.store.connection() as connection:
            file = await attachment.read(connection, number)
        if file is None:
            raise absent
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "cache-control": "private, no-store",
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox; default-src 'none'",
        }
        return Response(file.body, 200, headers, file.media_type)

    async def seen(self, viewer: Viewer, file_id: str, request_id: str) -> bool:
        """Ask the API itself, so that one policy decides on every path."""
        prepared = self.web.operations.prepare(Ask(LOOK, {"id": file_id}), viewer)
        answer = await self.web.operations.run(prepared, viewer, request_id)
        if answer.retry_after is not None:
            wait = str(ceil(answer.retry_after))
            raise Problem(429, ErrorCode.THROTTLED, answer.errors[0]["message"], Retry_After=wait)
        data: dict[str, Any] = orjson.loads(encode(answer.data))
        return bool(data) and data["node"] is not None
