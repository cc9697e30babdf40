"""The version of the policy that comes next: what it is built on, and its number."""

from datetime import date

from hub.clock import now
from hub.conflicts.policy import NO_POLICY, Version, read_policies
from hub.records import PolicyVersion
from hub.store.database import Connection
from hub.store.statements import prepared


async def base(connection: Connection, day: date | None = None) -> Version | None:
    """Return the published version that holds on a day, or else the last there is; None when none is published."""
    policies = await read_policies(connection, now())
    found = policies.versions[-1] if day is None else policies.at(day)
    return None if found.number == NO_POLICY else found


async def following(connection: Connection, version: Version, effective_from: date) -> PolicyVersion:
    """Return a version that says the same from another day on, under the next number."""
    assert version.base_currency is not None
    return PolicyVersion(
        version=1 + await connection.fetchval(*prepared("policy", "highest")),
        effective_from=effective_from,
        base_currency=version.base_currency,
        timezone=version.timezone,
        body=version.body,
    )


async def alone(connection: Connection) -> None:
    """See that nobody else brings a version, or lets one hold, until the transaction ends."""
    await connection.execute(*prepared("policy", "alone"))
