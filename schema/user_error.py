"""Why a mutation did not do what was asked: an answer, not a fault."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.errors import Declined, Unfit
from schema.context import Locale, RequestContext
from schema.errors import ErrorCode, HubGraphQLError
from schema.ids import read_id

if TYPE_CHECKING:
    from schema.conflict import CaseState

Info = strawberry.Info[RequestContext, None]


def spoken(root: "UserError", info: Info) -> str:
    """Return the sentence of an error in the language of the caller."""
    return root.zh if info.context.viewer.locale is Locale.ZH_CN else root.en


@strawberry.interface(
    description="A reason why a mutation did not do what was asked. Clients should match on this interface; new "
    "implementations may appear."
)
class UserError:
    en: strawberry.Private[str]
    zh: strawberry.Private[str]
    code: ErrorCode = strawberry.field(description="Stable code.")
    message: str = strawberry.field(resolver=spoken, description="Sentence for a person, in the caller's language.")
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
        super().__init__(error.en)
        self.error = error


def invalid(field: str, rule: str, en: str, zh: str, code: ErrorCode = ErrorCode.VALIDATION_FAILED, *below: str) -> Refusal:
    """Return the refusal of an input field, or of what stands `below` it."""
    return Refusal(ValidationFailed(code=code, en=en, zh=zh, path=["input", field, *below], rule=rule))


def unfit(error: Unfit) -> Refusal:
    """Return the refusal of a setting that its connector does not take."""
    below = [] if error.setting is None else [error.setting[:80]]
    return invalid(error.field, error.rule, str(error), error.zh, ErrorCode.VALIDATION_FAILED, *below)


# What a person calls the types whose ids are given to mutations.
NAMES: Mapping[str, tuple[str, str]] = {
    "AccessToken": ("token", "令牌"),
    "Alert": ("alert", "提醒"),
    "AlertRoute": ("route", "提醒路由"),
    "Approval": ("proposal", "提议"),
    "Conflict": ("finding", "线索"),
    "ConflictCase": ("case", "案件"),
    "Notice": ("notice", "对外通知"),
    "Partner": ("partner", "渠道商"),
    "PolicyVersion": ("policy version", "政策版本"),
    "Region": ("region", "区域"),
    "Source": ("source", "数据源"),
    "User": ("user", "用户"),
}


def not_found(field: str, kind: str) -> Refusal:
    """Return the refusal of an id that names nothing the caller may see."""
    en, zh = NAMES[kind]
    return Refusal(
        NotFound(
            code=ErrorCode.NOT_FOUND, en=f"There is no such {en}.", zh=f"没有此{zh}，或您无权查看。", path=["input", field]
        )
    )


def refusing(code: ErrorCode, en: str, zh: str, field: str | None = None) -> Refusal:
    """Return a refusal for any other reason."""
    return Refusal(RequestRefused(code=code, en=en, zh=zh, path=["input", field] if field else None))


def declined(error: Declined) -> Refusal:
    """Return the refusal that says what the hub said."""
    from schema.conflict import CaseState

    en, zh, path = str(error), error.zh, ["input", error.field] if error.field else None
    match error.reason:
        case "not_found":
            return Refusal(NotFound(code=ErrorCode.NOT_FOUND, en=en, zh=zh, path=path))
        case "stale":
            stale = StaleVersion(code=ErrorCode.STALE_VERSION, en=en, zh=zh, path=path, current_version=error.version)
            return Refusal(stale)
        case "step":
            allowed = [CaseState(state) for state in error.allowed]
            return Refusal(InvalidTransition(code=ErrorCode.INVALID_TRANSITION, en=en, zh=zh, path=path, allowed=allowed))
        case "policy":
            return Refusal(PolicyDenied(code=ErrorCode.POLICY_DENIED, en=en, zh=zh, path=path))
    return invalid(error.field or "", error.reason, en, zh)


def checked_id(field: str, text: str, kind: str) -> int:
    """Return the id of a row of one type."""
    try:
        return read_id(text, kind)
    except HubGraphQLError as error:
        en = f"The id of a {kind} is needed here; ids come from the field `id` and are passed as they are."
        zh = f"此处需要 {kind} 的 ID；ID 取自字段 `id`，请原样传递。"
        raise invalid(field, "malformed_id", en, zh, ErrorCode.BAD_USER_INPUT) from error
