"""channelhub.toml and CHANNELHUB_*, read once at the top.

A secret is a reference until the moment of use: `env:NAME` or `file:PATH`; its value never stands in the file.
"""

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hub.errors import SettingsError

Severity = Literal["info", "low", "medium", "high", "critical"]


SOURCE_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
ROUTE_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
REFERENCE = r"^(env|file):.+$"
Reference = Annotated[str, Field(pattern=REFERENCE)]
Role = Literal["admin", "analyst", "channel_manager", "direct_sales", "partner", "service"]
# Signatures by a pair of keys alone: whoever can check a signature by a shared secret can also make one.
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


def guarded_address(address: str) -> str:
    """Return an address where nobody on the way can answer instead: https, or http on this machine. Raises ValueError."""
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise ValueError("it holds a name or a password, which have no place in an address")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and on_this_machine(parts.hostname))):
        raise ValueError("its address does not begin with https://, nor is it one of this machine")
    return address


def on_this_machine(host: str) -> bool:
    """Say whether a host is the one we run on, by its very name."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


GuardedAddress = Annotated[str, AfterValidator(guarded_address)]
Word = Annotated[str, Field(min_length=1)]


class Part(BaseModel):
    """A table of the file; a key it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(Part):
    """One `[[source]]`: an account of a connector, when it is read, and what the connector needs to know.

    `streams` are those that are read on schedule; left out, all. The others are read when they are asked for.
    """

    name: Annotated[str, Field(pattern=SOURCE_NAME)]
    connector: str
    title: str | None = None
    schedule: str | None = None
    streams: list[str] | None = None
    time_zone: str = "UTC"
    default_currency: str | None = None
    removal_limit: Annotated[float, Field(gt=0, le=1)] = 0.3
    settings: dict[str, Any] = {}


class RouteSettings(Part):
    """One `[[route]]`: which alerts go where. What is left out is any.

    `to` are e-mail addresses; `target` is the reference of an Apprise address, which holds credentials, or of the http address
    of a webhook, whose messages are signed with what `secret` refers to. `locale` is the language for those who are no users.
    """

    name: Annotated[str, Field(pattern=ROUTE_NAME)]
    rules: list[str] = []
    severity: Severity = "medium"
    regions: list[str] = []
    product_groups: list[str] = []
    partners: list[str] = []
    to: list[str] = []
    target: Reference | None = None
    secret: Reference | None = None
    locale: Literal["en", "zh-CN"] = "en"

    @model_validator(mode="after")
    def goes_somewhere(self) -> "RouteSettings":
        if not self.to and self.target is None:
            raise ValueError("a route needs `to` (e-mail addresses) or `target` (a reference)")
        return self


class SmtpSettings(Part):
    """`[smtp]`: the server that sends our mail."""

    host: str = "127.0.0.1"
    port: int = 25
    sender: str = "channelhub@localhost"
    user: str | None = None
    password: str | None = None
    tls: Literal["none", "starttls", "tls"] = "none"


class Allowance(Part):
    """What a token may spend: `points` at once, `per_second` given back, `largest` for one operation."""

    points: Annotated[int, Field(gt=0)] = 10_000
    per_second: Annotated[int, Field(gt=0)] = 500
    largest: Annotated[int, Field(gt=0)] = 5_000

    @model_validator(mode="after")
    def largest_can_be_paid(self) -> "Allowance":
        if self.largest > self.points:
            raise ValueError("`largest` is more than `points`, so such an operation could never run")
        return self


# A person who repairs things is not to be kept waiting.
ADMINS: dict[Role, Allowance] = {"admin": Allowance(points=100_000, per_second=5_000, largest=20_000)}


class CostSettings(Allowance):
    """`[server.cost]`: what tokens may spend, and `[server.cost.roles.ROLE]` for those of one role."""

    roles: dict[Role, Allowance] = ADMINS

    @field_validator("roles")
    @classmethod
    def with_administrators(cls, given: dict[Role, Allowance]) -> dict[Role, Allowance]:
        return ADMINS | given

    def of(self, role: str) -> Allowance:
        """Return what tokens of a role may spend."""
        return next((allowance for name, allowance in self.roles.items() if name == role), self)


class OidcSettings(Part):
    """`[server.oidc]`: the identity provider whose tokens are let in beside our own.

    `user_claim` holds the e-mail address of a user; `sub` is compared with the subject that was noted of a user instead. The
    first entry of `roles` that `roles_claim` holds is the role; without a claim it is the first role of the user.
    """

    issuer: GuardedAddress
    audience: Word
    jwks_url: GuardedAddress | None = None
    user_claim: Word = "email"
    roles_claim: Word | None = None
    roles: dict[str, Role] = {}
    clock_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = ["RS256", "ES256"]

    @model_validator(mode="after")
    def roles_come_by_a_claim(self) -> "OidcSettings":
        if (self.roles_claim is None) != (not self.roles):
            raise ValueError("`roles_claim` and `roles` are given together: where roles stand, and what they mean here")
        return self


class ServerSettings(Part):
    """`[server]`: where the API listens. `production` closes what is open to developers.

    `allowed_origins` are the sites whose pages may ask and open sockets, as browsers name them: `https://portal.example.com`.
    With `require_trusted_documents` only documents that were registered are executed, but for administrators.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8480
    production: bool = False
    allowed_origins: list[Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-\[\]:]+$")]] = []
    require_trusted_documents: bool = False
    cost: CostSettings = CostSettings()
    oidc: OidcSettings | None = None


class Settings(Part):
    """Everything that can be set. `scans` is when streams without a signal of deletion are read completely, in UTC.

    `two_person` says whether publishing a policy needs two users; left out, it does once there are two administrators.
    """

    home: Path
    database_url: str | None = None
    masters: str | None = None
    two_person: bool | None = None
    scans: str = "0 3 * * *"
    server: ServerSettings = ServerSettings()
    smtp: SmtpSettings | None = None
    source: list[SourceSettings] = []
    route: list[RouteSettings] = []

    @model_validator(mode="after")
    def names_are_unique(self) -> "Settings":
        for kind, names in (("source", [s.name for s in self.source]), ("route", [r.name for r in self.route])):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"two {kind}s are called {sorted(twice)[0]}")
        return self


def read_settings(file: Path | None = None) -> Settings:
    """Read the settings: the file given, else $CHANNELHUB_CONFIG, else channelhub.toml here, else defaults.

    Raises SettingsError with the key at fault.
    """
    named = file or (Path(os.environ["CHANNELHUB_CONFIG"]) if os.environ.get("CHANNELHUB_CONFIG") else None)
    path = named or Path("channelhub.toml")
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from error
    elif named is not None:
        raise SettingsError(f"There is no file {named}; create it or leave the option out.")
    values["home"] = os.environ.get("CHANNELHUB_HOME") or values.get("home") or ".channelhub"
    if os.environ.get("CHANNELHUB_DATABASE_URL"):
        values["database_url"] = os.environ["CHANNELHUB_DATABASE_URL"]
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise SettingsError(f"{path}: {where}: {first['msg']}.") from None


def secret(reference: str) -> str:
    """Return the value a reference stands for: env:NAME or file:PATH. Raises SettingsError, which never shows a value."""
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name)
        if not value:
            raise SettingsError(f"The environment variable {name} is not set; a setting refers to it.")
        return value
    if kind == "file" and name:
        try:
            return Path(name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"The secret file {name} cannot be read: {error.strerror}.") from error
    raise SettingsError("A secret is given by reference: env:NAME or file:PATH, never by its value.")
