"""Why a mutation did not do what was asked: an answer, not a fault."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.errors import Declined, Unfit
from schema.context import Locale, Viewer
from schema.errors import ErrorCode, HubGraphQLError
from schema.ids import read_id

if TYPE_CHECKING:
    from schema.conflict import CaseState


@strawberry.interface(
    description="A reason why a mutation did not do what was asked. Clients should match on this interface; new "
    "implementations may appear."
)
class UserError:
    code: ErrorCode = strawberry.field(description="Stable code.")
    message: str = strawberry.field(description="Sentence for a person, in the caller's language.")
    path: list[str] | None = strawberry.field(
        default=None, description="Path of the input field at fault, outermost first; null when no single field is."
    )


@strawberry.type(description="An input field fails a check.")
class ValidationFailed(UserError):
    rule: str = strawberry.field(description="Rule that was broken, as a code: `must_be_after_valid_from`.")


@strawberry.type(description="The object does not exist, or the caller may not know that it does.")
class NotFound(UserError):
    pass


@strawberry.type(description="The object changed since the caller read it.")
class StaleVersion(UserError):
    current_version: int | None = strawberry.field(description="Present version; null when no version was expected.")


@strawberry.type(description="The step is not allowed from the present state.")
class InvalidTransition(UserError):
    allowed: list[Annotated["CaseState", strawberry.lazy("schema.conflict")]] = strawberry.field(
        description="Steps that are allowed now."
    )


@strawberry.type(description="A policy or the law of the place forbids it.")
class PolicyDenied(UserError):
    pass


@strawberry.type(description="Any other reason.")
class RequestRefused(UserError):
    pass


USER_ERRORS = (ValidationFailed, NotFound, StaleVersion, InvalidTransition, PolicyDenied, RequestRefused)


class Refusal(Exception):
    """Ends a mutation's work; whatever it wrote is rolled back and the reason becomes its answer."""

    def __init__(self, error: UserError) -> None:
        super().__init__(error.message)
        self.error = error


def spoken(viewer: Viewer, en: str, zh: str | None) -> str:
    """Return a text in the language of the caller, where there is one."""
    return zh if zh is not None and viewer.locale is Locale.ZH_CN else en


def invalid(field: str, rule: str, message: str, code: ErrorCode = ErrorCode.VALIDATION_FAILED, *below: str) -> Refusal:
    """Return the refusal of an input field, or of what stands `below` it."""
    return Refusal(ValidationFailed(code=code, message=message, path=["input", field, *below], rule=rule))


def unfit(error: Unfit, viewer: Viewer) -> Refusal:
    """Return the refusal of a setting that its connector does not take."""
    below = [] if error.setting is None else [error.setting[:80]]
    return invalid(error.field, error.rule, spoken(viewer, str(error), error.zh), ErrorCode.VALIDATION_FAILED, *below)


def not_found(field: str, what: str) -> Refusal:
    """Return the refusal of an id that names nothing the caller may see."""
    return Refusal(NotFound(code=ErrorCode.NOT_FOUND, message=f"There is no such {what}.", path=["input", field]))


def refusing(code: ErrorCode, message: str, field: str | None = None) -> Refusal:
    """Return a refusal for any other reason."""
    return Refusal(RequestRefused(code=code, message=message, path=["input", field] if field else None))


def declined(error: Declined, viewer: Viewer | None = None) -> Refusal:
    """Return the refusal that says what the hub said; in the language of the viewer where there is one."""
    from schema.conflict import CaseState

    message = str(error) if viewer is None else spoken(viewer, str(error), error.zh)

    path = ["input", error.field] if error.field else None
    match error.reason:
        case "not_found":
            return Refusal(NotFound(code=ErrorCode.NOT_FOUND, message=message, path=path))
        case "stale":
            stale = StaleVersion(code=ErrorCode.STALE_VERSION, message=message, path=path, current_version=error.version)
            return Refusal(stale)
        case "step":
            allowed = [CaseState(state) for state in error.allowed]
            return Refusal(InvalidTransition(code=ErrorCode.INVALID_TRANSITION, message=message, path=path, allowed=allowed))
        case "policy":
            return Refusal(PolicyDenied(code=ErrorCode.POLICY_DENIED, message=message, path=path))
    return invalid(error.field or "", error.reason, message)


def checked_id(field: str, text: str, kind: str) -> int:
    """Return the id of a row of one type."""
    try:
        return read_id(text, kind)
    except HubGraphQLError as error:
        raise invalid(field, "malformed_id", error.message, ErrorCode.BAD_USER_INPUT) from error
