"""One session at the Admin API.

Vendure answers most failures with HTTP 200 and an `errors` list, so that list is what counts, not the status.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from connectors.http import Answer, Http
from connectors.vendure.config import VendureConfig
from hub.errors import CredentialRefused, PermissionMissing, SettingsError, SourceContradicts, SourceDown

LOGIN = "mutation($u:String!,$p:String!){login(username:$u,password:$p){__typename}}"
ELSEWHERE = (301, 302, 303, 307, 308, 404, 405)
TOKEN = "vendure-auth-token"  # noqa: S105


class Extensions(Struct, frozen=True):
    code: str = ""


class Fault(Struct, frozen=True):
    message: str = ""
    extensions: Extensions = Extensions()


class Reply(Struct, frozen=True):
    data: dict[str, Any] | None = None
    errors: list[Fault] = []


class Api:
    """Logs in when it has to, once more when the session ended, and not a third time."""

    def __init__(self, http: Http, config: VendureConfig) -> None:
        self.http = http
        self.config = config
        self.token: str | None = None

    async def ask(self, field: str, document: str, **variables: object) -> dict[str, Any]:
        """Return the one field an operation asks for. Raises the error that says who has to act."""
        fresh = self.token is None
        if fresh:
            await self.login()
        reply, _ = await self.post(document, variables)
        if forbidden(reply) and not fresh:
            await self.login()
            reply, _ = await self.post(document, variables)
        if forbidden(reply):
            raise PermissionMissing(
                f"{self.config.username} may not read all it was asked for at {self.http.shown(self.config.url)}; "
                "give the administrator a role that may read the catalogue, stock, customers and orders."
            )
        return self.field(reply, field)

    async def login(self) -> None:
        """Open a session. Raises CredentialRefused."""
        self.token = None
        reply, token = await self.post(LOGIN, {"u": self.config.username, "p": self.config.password})
        if self.field(reply, "login").get("__typename") != "CurrentUser":
            raise CredentialRefused(
                f"Vendure refused the login of {self.config.username} at {self.http.shown(self.config.url)}; "
                "check the settings username and password."
            )
        self.token = token
        if token:
            self.http.hide(token)

    async def post(self, document: str, variables: Mapping[str, object]) -> tuple[Reply, str | None]:
        """Send one operation; return the reply, good or bad, and the session it opened."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": document, "variables": variables}
        return await self.http.read(decoded, "POST", self.config.url, json=body, headers=headers)

    def field(self, reply: Reply, name: str) -> dict[str, Any]:
        """Return one field of a reply's data, or raise what its first error means."""
        if reply.errors:
            fault = reply.errors[0]
            raise SourceContradicts(f"Vendure refused a query: {self.http.redacted(fault.message)} ({fault.extensions.code}).")
        found = (reply.data or {}).get(name)
        if not isinstance(found, dict):
            raise SourceContradicts(f"Vendure answered neither {name} nor an error; check that url is that of an Admin API.")
        return found


def forbidden(reply: Reply) -> bool:
    """Say whether the session may not do this, or is none any more."""
    return any(fault.extensions.code == "FORBIDDEN" for fault in reply.errors)


def decoded(answer: Answer) -> tuple[Reply, str | None]:
    """Read an answer. One that is no JSON means that something else than Vendure answered, or that it broke off."""
    if answer.status in (401, 403):
        raise CredentialRefused(f"Vendure answered {answer.status}; check the settings username and password.")
    try:
        reply = msgspec.json.decode(answer.body, type=Reply)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if answer.status in ELSEWHERE:
            raise SettingsError(f"There is no Admin API at the address in `url`; it answered {answer.status}.") from None
        raise SourceDown(
            f"Vendure's answer could not be read (HTTP {answer.status}): {error}; check url if it stays so."
        ) from None
    if any(fault.extensions.code == "INTERNAL_SERVER_ERROR" for fault in reply.errors):
        raise SourceDown("Vendure could not finish an operation; its own log says why if it stays so.")
    return reply, answer.headers.get(TOKEN)
