"""Every error the hub raises, grouped by what happens next.

HubError
├── RetryLater             the job waits and tries again; nothing has to change
│   ├── SourceBusy           the source asked us to slow down
│   ├── SourceDown           the source did not answer, or broke off
│   ├── TokenExpired         the session at the source ended; log in once more
│   └── FenceLost            another worker holds the stream now; nothing was written
├── SetAside               one payload is quarantined; the sync goes on without it
│   └── MappingError         a field is missing or is not what the mapping expects
├── Declined               what a person asked for is not done, and nothing was changed
└── NeedsPerson            nothing runs until a person has acted
    ├── CredentialRefused    the source turned our credential down
    ├── PermissionMissing    the credential works but may not read this
    ├── SettingsError        a setting is missing or contradicts another
    │   └── Unfit              a setting of a source does not fit its connector
    ├── StoreUnavailable     PostgreSQL cannot be started or reached
    ├── SourceContradicts    a page loop, a count that differs, an order that was promised
    ├── TooMuchChange        the run would remove more than the stream allows
    ├── ConnectorBug         a connector raised something of its own
    └── RuleFailed           an answer cannot be given without a rule that failed
"""


class HubError(Exception):
    """Base of all; its text is a full sentence for a person."""


class RetryLater(HubError):
    """The job waits and tries again; nothing has to change."""


class SourceBusy(RetryLater):
    """The source asked us to slow down."""

    def __init__(self, source: str, *, wait_s: float) -> None:
        super().__init__(f"{source} asked us to wait {wait_s:g} s.")
        self.source = source
        self.wait_s = wait_s


class SourceDown(RetryLater):
    """The source did not answer, or its answer broke off."""


class TokenExpired(RetryLater):
    """The session at the source ended; one login renews it."""


class FenceLost(RetryLater):
    """Another worker holds the stream now; nothing was written."""


class SetAside(HubError):
    """One payload is quarantined; the sync goes on without it.

    `code` is the exact word of the sheet format (`bad_decimal`, `unknown_ref`), `field` the path or column at fault,
    `value` what stood there.
    """

    def __init__(self, message: str, *, code: str, field: str | None = None, value: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.value = value


class MappingError(SetAside):
    """A field is missing or is not what the mapping expects."""


class Declined(HubError):
    """What a person asked for is not done, and nothing was changed; the text says why.

    `reason` is `not_found`, `stale`, `step` (not from the present state), `policy`, or else the rule that was broken; `field`
    names the input that was at fault, `allowed` the steps that could be taken instead, `version` what is now where another
    one was expected; `zh` is the text in Chinese.
    """

    def __init__(
        self,
        reason: str,
        en: str,
        zh: str,
        *,
        field: str | None = None,
        allowed: tuple[str, ...] = (),
        version: int | None = None,
    ) -> None:
        super().__init__(en)
        self.zh = zh
        self.reason = reason
        self.field = field
        self.allowed = allowed
        self.version = version


class NeedsPerson(HubError):
    """Nothing runs until a person has acted; the text says what to do."""


class CredentialRefused(NeedsPerson):
    """The source turned our credential down."""


class PermissionMissing(NeedsPerson):
    """The credential works but may not read this."""


class SettingsError(NeedsPerson):
    """A setting is missing or contradicts another."""


class Unfit(SettingsError):
    """One setting of a source does not fit. `rule` is what it broke, `field` where it stands; `zh` is the text in Chinese."""

    def __init__(self, rule: str, en: str, zh: str, *, field: str, setting: str | None = None) -> None:
        super().__init__(en)
        self.rule = rule
        self.zh = zh
        self.field = field
        self.setting = setting


class StoreUnavailable(NeedsPerson):
    """PostgreSQL cannot be started or reached."""


class SourceContradicts(NeedsPerson):
    """A page loop, a count that differs, an order that was promised."""


class TooMuchChange(NeedsPerson):
    """The run would remove more than the stream allows; nothing was removed."""


class ConnectorBug(NeedsPerson):
    """A connector raised something that is none of these errors."""


class RuleFailed(NeedsPerson):
    """An answer cannot be given without a rule that failed."""
