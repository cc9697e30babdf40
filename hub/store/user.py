"""Where users rest, and how they come, change and go."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from msgspec import Struct, structs
from tortoise import fields

from hub.errors import Declined, NeedsPerson
from hub.store.base import ArrayField, Now, Row, empty_array
from hub.store.database import Connection
from hub.store.statements import statement


class UserRow(Row):
    """A person. What is assigned bounds what a channel manager sees; nothing assigned, nothing seen.

    `subject` is how the identity provider calls it.
    """

    email = fields.TextField()
    subject = fields.TextField(null=True)
    name = fields.TextField()
    roles = ArrayField("text", db_default=empty_array("text"))
    partner_id = fields.BigIntField(null=True)
    partner_ids = ArrayField("bigint", db_default=empty_array("bigint"))
    region_ids = ArrayField("bigint", db_default=empty_array("bigint"))
    product_groups = ArrayField("text", db_default=empty_array("text"))
    locale = fields.TextField(db_default="en")
    time_zone = fields.TextField(db_default="UTC")
    quiet_hours = fields.TextField(null=True)
    active = fields.BooleanField(db_default=True)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "hub_user"
        unique_together = (("email",), ("subject",))


class Person(Struct, frozen=True, kw_only=True):
    """What is said of a user. `roles` are codes; the assigned partners, regions and product groups bound a channel manager.

    `quiet_hours` are written `21:00-07:30`; None means those of the policy, "" none at all. `subject` is how the identity
    provider calls the user.
    """

    email: str
    name: str
    roles: tuple[str, ...]
    partner_id: int | None = None
    partner_ids: tuple[int, ...] = ()
    region_ids: tuple[int, ...] = ()
    product_groups: tuple[str, ...] = ()
    locale: str = "en"
    time_zone: str = "UTC"
    quiet_hours: str | None = None
    subject: str | None = None


@contextmanager
def subject_of_one() -> Iterator[None]:
    """Say in words that a subject is another user's; a second user of one address is another matter."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise Declined(
            "taken",
            "Another user has this subject; take it away there first.",
            "此主体已属于另一用户；请先在该用户处移除。",
            field="subject",
        ) from error


async def add_user(connection: Connection, person: Person) -> int:
    """Add a user and return its id. Raises NeedsPerson when the e-mail address is taken, Declined when the subject is."""
    with subject_of_one():
        made = await connection.fetchval(ADD.sql, *ADD.arguments(written(person)))
    if made is None:
        raise NeedsPerson(f"There is a user {person.email} already.")
    return int(made)


async def upsert_user(connection: Connection, person: Person) -> int | None:
    """Add a user, or replace all that is said of it and let it in again; return its id.

    None, and nothing done, when no active administrator would be left. Raises Declined when another user has the subject.
    """
    await connection.execute(HOLD_ADMINISTRATORS.sql)
    with subject_of_one():
        made = await connection.fetchval(UPSERT.sql, *UPSERT.arguments(written(person)))
    await connection.execute(ACCESS_CHANGED.sql)
    return None if made is None else int(made)


async def deactivate_user(connection: Connection, user_id: int) -> bool:
    """Shut a user and its tokens out; False when there is no such user or it is the last administrator."""
    await connection.execute(HOLD_ADMINISTRATORS.sql)
    done = await connection.fetchval(DEACTIVATE.sql, *DEACTIVATE.arguments({"id": user_id}))
    await connection.execute(ACCESS_CHANGED.sql)
    return done is not None


async def prefer(
    connection: Connection,
    user_id: int,
    *,
    locale: str | None,
    time_zone: str | None,
    quiet_hours: str | None,
    hours_said: bool,
) -> None:
    """Change how messages reach a user. What is None stays, and quiet hours, where None means the policy's, unless said."""
    values = {"locale": locale, "time_zone": time_zone, "quiet_hours": quiet_hours, "hours_said": hours_said}
    await connection.execute(PREFER.sql, *PREFER.arguments(values | {"id": user_id}))
    await connection.execute(ACCESS_CHANGED.sql)


async def user_id_of(connection: Connection, email: str) -> int:
    """Return the id of an active user. Raises NeedsPerson when there is none."""
    found = await connection.fetchrow(BY_EMAIL.sql, email.strip().lower())
    if found is None or not found["active"]:
        raise NeedsPerson(f"There is no active user {email}; add one with `channelhub user add`.")
    return int(found["id"])


def written(person: Person) -> dict[str, object]:
    """Return the columns of a person. Addresses are compared without regard to case."""
    return structs.asdict(person) | {"email": person.email.strip().lower()}


ADD = statement("user", "add")
UPSERT = statement("user", "upsert")
HOLD_ADMINISTRATORS = statement("user", "hold_administrators")
DEACTIVATE = statement("user", "deactivate")
PREFER = statement("user", "prefer")
BY_EMAIL = statement("user", "by_email")
ACCESS_CHANGED = statement("token", "access_changed")
