"""Where uploads are sent: PUT on a signed address, which is good for one file, for a short time, and needs no token.

The address is the permission: it holds what may be sent, sealed with a key that is made of this database's own.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.clock import now
from hub.intake.shelf import Shelf
from hub.store import sheet_upload
from hub.store.database import Store
from hub.store.sheet_upload import Upload
from schema.errors import ErrorCode
from schema.http import JSON, Problem, Web
from schema.ids import global_id, read_id
from schema.paging import cursor_key

# What the key of the cursors is made into a key of addresses with.
PURPOSE = b"address of an upload"
NUMBER = re.compile(r"[0-9]{1,12}")
HASH = re.compile(r"[0-9a-f]{64}")


async def address_of(store: Store, file: Upload) -> str:
    """Return the address a file is to be sent to."""
    words = {"expires": f"{int(file.expires_at.timestamp())}", "size": f"{file.size}", "sha256": file.sha256 or ""}
    signed = words | {"signature": await signature(store, global_id("SheetUpload", file.id), words)}
    return f"/uploads/{global_id('SheetUpload', file.id)}?{urlencode(signed)}"


async def signature(store: Store, upload_id: str, words: dict[str, str]) -> str:
    """Return the seal over an address."""
    key = hmac.digest(await cursor_key(store), PURPOSE, "sha256")
    text = "\n".join((upload_id, words["expires"], words["size"], words["sha256"]))
    return hmac.digest(key, text.encode(), "sha256").hex()


@dataclass
class Reception:
    """The address of uploads."""

    web: Web
    store: Store
    home: Path

    async def send(self, request: Request) -> Response:
        """Answer PUT on /uploads/ID?…: keep the body as the file that was announced."""
        return await self.web.guarded(request, self.received)

    async def received(self, request: Request, request_id: str) -> Response:
        upload_id, size, announced = await self.admitted(request)
        shelf = Shelf.of(self.home)
        async with self.written(request, shelf, upload_id, size) as (part, sha256):
            if announced and announced != sha256:
                raise Problem(400, ErrorCode.VALIDATION_FAILED, "The file is not the one whose SHA-256 was announced.")
            async with self.store.transaction() as connection:
                if not await sheet_upload.receive(connection, upload_id, sha256, now()):
                    raise Problem(409, ErrorCode.INVALID_TRANSITION, "The file was sent before; ask for another upload.")
                await asyncio.to_thread(shelf.keep, part, upload_id)
        body = {"uploadId": request.path_params["id"], "size": size, "sha256": sha256}
        return Response(orjson.dumps(body), 201, {"cache-control": "no-store"}, JSON)

    async def admitted(self, request: Request) -> tuple[int, int, str]:
        """Return which upload an address is for, how long it is and its hash, if that is known. Asks the database for its key
        alone, and that once."""
        words = {name: request.query_params.get(name, "") for name in ("expires", "size", "sha256")}
        named = request.path_params["id"]
        expected = await signature(self.store, named, words)
        if not hmac.compare_digest(expected.encode(), request.query_params.get("signature", "").encode()):
            raise Problem(403, ErrorCode.FORBIDDEN, "This address was not given out by `requestUpload`, or was changed.")
        if now().timestamp() >= int(words["expires"]):
            raise Problem(403, ErrorCode.FORBIDDEN, "The time to send this file is over; ask for another upload.")
        return read_id(named, "SheetUpload"), int(words["size"]), words["sha256"]

    @asynccontextmanager
    async def written(self, request: Request, shelf: Shelf, upload_id: int, size: int) -> AsyncIterator[tuple[Path, str]]:
        """Write the body to a file of its own, a piece at a time, and lend it with its hash; it goes unless it was kept."""
        part = await asyncio.to_thread(shelf.begin, upload_id)
        digest, left = hashlib.sha256(), size
        differs = Problem(400, ErrorCode.VALIDATION_FAILED, f"The file has not the {size} bytes announced.", Connection="close")
        if request.headers.get("content-length", f"{size}") != f"{size}":
            raise differs
        try:
            with part.open("xb") as file:
                async for chunk in request.stream():
                    left -= len(chunk)
                    if left < 0:
                        raise differs
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
            if left:
                raise differs
            yield part, digest.hexdigest()
        finally:
            part.unlink(missing_ok=True)
