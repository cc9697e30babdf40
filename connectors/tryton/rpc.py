"""Tryton's JSON-RPC: one login, then calls in its session.

A refused call arrives with HTTP 200 and `error`. A session that ended is HTTP 401 with an empty body, and so is a wrong
password; one more login tells them apart.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.tryton.config import TrytonConfig
from hub.errors import CredentialRefused, HubError, PermissionMissing, SettingsError, SourceDown

if TYPE_CHECKING:
    from connectors.http import Http

Domain = list[Any]
Row = dict[str, Any]
PAGE = 500
UNKNOWN_NAME = re.compile(r"'[\w.]+'")


class Rpc:
    """Calls in the session of one user, made by `login` and renewed once a call when it has ended."""

    def __init__(self, http: "Http", config: TrytonConfig) -> None:
        self.http = http
        self.config = config
        self.address = f"{config.url.rstrip('/')}/{config.database}/rpc/"
        self.session: str | None = None
        self.context: Row = {}

    async def login(self) -> None:
        """Open a session. Raises CredentialRefused when the login is not accepted."""
        self.session = None
        user = self.config.username
        answer = await self.post("common.db.login", user, {"password": self.config.password})
        if answer is None:
            raise CredentialRefused(f"Tryton refuses the login of {user}; check the user name and the password.")
        number, token = answer[:2]
        self.session = b64encode(f"{user}:{number}:{token}".encode()).decode()
        self.http.hide(self.session)
        # Without the user's preferences Tryton does not know the company, and computes amounts and stock for none.
        self.context = await self.post("model.res.user.get_preferences", True, {}) or {}

    async def call(self, model: str, method: str, *params: object, **context: object) -> Any:
        """Call one method of a model, logging in first where there is no session, and once more where it ended."""
        for _ in range(2):
            if self.session is None:
                await self.login()
            answer = await self.post(f"model.{model}.{method}", *params, {**self.context, **context})
            if self.session is not None:
                return answer
        raise CredentialRefused(f"Tryton ends every session of {self.config.username} at once; let an administrator look.")

    async def page(self, model: str, domain: Domain, fields: Sequence[str], **context: object) -> list[Row]:
        """Return the first rows of a domain in order of id, whether they are in use or archived."""
        order = [["id", "ASC"]]
        rows: list[Row] = await self.call(
            model, "search_read", domain, 0, PAGE, order, list(fields), active_test=False, **context
        )
        return rows

    async def count(self, model: str, domain: Domain) -> int:
        """Return how many records a domain has, archived ones included."""
        count: int = await self.call(model, "search_count", domain, active_test=False)
        return count

    async def post(self, method: str, *params: object) -> Any:
        """Send one request. None with the session dropped stands for HTTP 401."""
        headers = {} if self.session is None else {"Authorization": f"Session {self.session}"}
        body = {"id": 1, "method": method, "params": params}
        answer = await self.http.request("POST", self.address, json=body, headers=headers)
        if answer.status == 401:
            self.session = None
            return None
        if answer.status != 200:
            raise SettingsError(f"{self.address} answers HTTP {answer.status}, as no Tryton does; check url and database.")
        try:
            content = msgspec.json.decode(answer.body)
            if content.get("error"):
                raise refusal(method, content["error"])
            return content["result"]
        except (msgspec.DecodeError, AttributeError, KeyError) as error:
            raise SourceDown(f"Tryton answered {method} with something that is no JSON-RPC.") from error


def refusal(method: str, error: Sequence[Any]) -> HubError:
    """Return what a refused call means. Tryton puts the kind of fault first, and for faults of its own the bare text."""
    kind = str(error[0])
    if kind == "UserError":  # nothing is written here, so all that can be refused is to read
        return PermissionMissing(f"Tryton refuses {method}: {first_text(error[1:])} Give the user read access.")
    if kind == "LoginException":
        return CredentialRefused("Tryton asks for more than a password at login; give a user who logs in by password.")
    if UNKNOWN_NAME.fullmatch(kind):
        return SettingsError(f"Tryton does not know {kind} in {method}; activate the module that brings it.")
    return SourceDown(f"Tryton could not finish {method}: {kind[:200]}.")


def first_text(detail: object) -> str:
    """Return the first sentence of an error's detail, however deep it stands."""
    while isinstance(detail, list) and detail:
        detail = detail[0]
    return str(detail)[:200]


def wrapped(instant: datetime) -> Row:
    """Return an instant as Tryton wants it in a domain: in parts, UTC, without a zone."""
    at = instant.astimezone(UTC)
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{part: getattr(at, part) for part in parts}}
