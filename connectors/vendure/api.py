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

    async def ask(self, document: str, **variables: object) -> dict[str, Any]:
        """Return the data of one operation. Raises the error that says who has to act."""
        fresh = self.token is None
        if fresh:
            await self.login()
        reply = await self.send(document, variables)
        if forbidden(reply) and not fresh:
            await self.login()
            reply = await self.send(document, variables)
        if forbidden(reply):
            raise PermissionMissing(
                f"{self.config.username} may not read all it was asked for at {self.http.shown(self.config.url)}; "
                "give the administrator a role that may read the catalogue, stock, customers and orders."
            )
        return self.data(reply)

    async def login(self) -> None:
        """Open a session. Raises CredentialRefused."""
        self.token = None
        answer = await self.post(LOGIN, {"u": self.config.username, "p": self.config.password})
        data = self.data(decoded(self.http, answer))
        if data["login"]["__typename"] != "CurrentUser":
            raise CredentialRefused(
                f"Vendure refused the login of {self.config.username} at {self.http.shown(self.config.url)}; "
                "check the settings username and password."
            )
        self.token = answer.headers.get(TOKEN)

    async def send(self, document: str, variables: Mapping[str, object]) -> Reply:
        """Return the reply to one operation, good or bad."""
        return decoded(self.http, await self.post(document, variables))

    async def post(self, document: str, variables: Mapping[str, object]) -> Answer:
        """Send one operation."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.http.request(
            "POST", self.config.url, json={"query": document, "variables": variables}, headers=headers
        )

    def data(self, reply: Reply) -> dict[str, Any]:
        """Return a reply's data, or raise what its first error means."""
        if reply.errors:
            fault = reply.errors[0]
            raise SourceContradicts(f"Vendure refused a query: {self.http.redacted(fault.message)} ({fault.extensions.code}).")
        if reply.data is None:
            raise SourceContradicts("Vendure answered neither data nor an error.")
        return reply.data


def forbidden(reply: Reply) -> bool:
    """Say whether the session may not do this, or is none any more."""
    return any(fault.extensions.code == "FORBIDDEN" for fault in reply.errors)


def decoded(http: Http, answer: Answer) -> Reply:
    """Read an answer. One that is no JSON means that something else than Vendure answered, or that it broke off."""
    try:
        reply = msgspec.json.decode(answer.body, type=Reply)
    except msgspec.DecodeError as error:
        if answer.status in (404, 405):
            raise SettingsError(f"There is no Admin API at the address in `url`; it answered {answer.status}.") from None
        raise SourceDown(f"Vendure's answer could not be read (HTTP {answer.status}): {error}.") from None
    if answer.status in (401, 403):
        raise CredentialRefused(f"Vendure answered {answer.status}; check the settings username and password.")
    return reply
