"""Why a mutation did not do what was asked: an answer, not a fault."""

import strawberry

from schema.errors import ErrorCode, HubGraphQLError
from schema.ids import read_id


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


@strawberry.type(description="Any other reason.")
class RequestRefused(UserError):
    pass


USER_ERRORS = (ValidationFailed, NotFound, RequestRefused)


class Refusal(Exception):
    """Ends a mutation's work; whatever it wrote is rolled back and the reason becomes its answer."""

    def __init__(self, error: UserError) -> None:
        super().__init__(error.message)
        self.error = error


def invalid(field: str, rule: str, message: str, code: ErrorCode = ErrorCode.VALIDATION_FAILED) -> Refusal:
    """Return the refusal of an input field."""
    return Refusal(ValidationFailed(code=code, message=message, path=["input", field], rule=rule))


def not_found(field: str, what: str) -> Refusal:
    """Return the refusal of an id that names nothing the caller may see."""
    return Refusal(NotFound(code=ErrorCode.NOT_FOUND, message=f"There is no such {what}.", path=["input", field]))


def refusing(code: ErrorCode, message: str, field: str | None = None) -> Refusal:
    """Return a refusal for any other reason."""
    return Refusal(RequestRefused(code=code, message=message, path=["input", field] if field else None))


def checked_id(field: str, text: str, kind: str) -> int:
    """Return the id of a row of one type."""
    try:
        return read_id(text, kind)
    except HubGraphQLError as error:
        raise invalid(field, "malformed_id", error.message, ErrorCode.BAD_USER_INPUT) from error
