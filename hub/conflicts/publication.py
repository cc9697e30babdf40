"""From a proposed version of the policy to one that holds: by one person, or by two where the setting or its content asks.

Loading a policy proposes it. A published version is never edited, so that what a finding was judged by can be read for ever.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from hub.conflicts.jurisdiction import regions
from hub.conflicts.loosening import loosened
from hub.conflicts.policy import periods
from hub.errors import Declined, NeedsPerson
from hub.store import audit, dirty
from hub.store.audit import Entry
from hub.store.database import Connection
from hub.store.statements import prepared, statement

Step = Literal["published", "waiting"]
ADMIN, MANAGER = "admin", "channel_manager"


async def publish_landed(connection: Connection, source_id: int, at: datetime, two_person: bool | None) -> list[str]:
    """Publish the versions a run brought that need nobody's word; return a sentence for each that waits for people."""
    rows = await connection.fetch(*prepared("policy", "landed", source_id=source_id, at=at))
    said = []
    for row in sorted(rows, key=lambda row: row["id"]):
        version = await held(connection, row["id"])
        loosens = await loosens_of(connection, version)
        if loosens or await needs_two(connection, two_person):
            await connection.execute(*prepared("policy", "loosens", id=version["id"], loosens=loosens))
            said.append(waits(version["version"], loosens))
        else:
            await hold(connection, version, loosens, at=at, user_id=None, note=None)
    return said


async def awaited(connection: Connection) -> list[str]:
    """Return a sentence for each version that waits for people and that nothing published has overtaken."""
    return [waits(row["version"], row["loosens"]) for row in await connection.fetch(*prepared("policy", "awaited"))]


def waits(number: int, loosens: Sequence[str]) -> str:
    """Say that a version waits, for whom, and what to do."""
    command = f"channelhub policy publish {number} --user EMAIL"
    if loosens:
        what = "; ".join(loosens)
        return (
            f"Policy version {number} is proposed and does not hold yet: it loosens a profile ({what}). "
            f"Two administrators run `{command}`, the first with --reason."
        )
    return f"Policy version {number} is proposed and does not hold yet: two users run `{command}`, one after the other."


async def publish(
    connection: Connection, version_id: int, user_id: int, *, at: datetime, note: str | None, two_person: bool | None
) -> Step:
    """Publish a proposed version in a user's name, or note its word where another's is needed too.

    Raises Declined with what stands in the way.
    """
    version = await held(connection, version_id)
    number = version["version"]
    if version["state"] == "published":
        raise Declined(
            "policy",
            f"Policy version {number} is published already; a change is a file with a higher version.",
            f"政策版本 {number} 已发布；如需更改，请提交版本号更高的文件。",
        )
    loosens = await loosens_of(connection, version)
    second = version["proposed_by"] is not None
    await check_roles(connection, user_id, number, loosening=bool(loosens), second=second)
    kept = (note or "").strip() or version["note"]
    if loosens and not kept:
        what = "; ".join(loosens)
        raise Declined(
            "policy",
            f"Policy version {number} loosens a profile ({what}); write the reason, it is kept.",
            f"政策版本 {number} 放宽了法域配置（{what}）；请写明理由，理由将留存。",
        )
    if second and version["proposed_by"] == user_id:
        raise Declined(
            "policy",
            f"Policy version {number} waits for another person than the one who proposed it.",
            f"政策版本 {number} 需由提议人以外的另一人同意。",
        )
    if not second and (loosens or await needs_two(connection, two_person)):
        values = {"id": version_id, "user_id": user_id, "at": at, "note": kept, "loosens": loosens}
        await connection.execute(*prepared("policy", "proposed", **values))
        entry = Entry(actor_id=user_id, action="proposed", noun="policy_version", subject_id=version_id, reason=kept)
        await audit.write(connection, entry)
        return "waiting"
    await hold(connection, version, loosens, at=at, user_id=user_id, note=kept)
    return "published"


async def held(connection: Connection, version_id: int) -> Mapping[str, Any]:
    """Return a version, kept from others until the transaction ends. Raises Declined when there is none."""
    row = await connection.fetchrow(*prepared("policy", "held", id=version_id))
    if row is None:
        raise Declined(
            "not_found",
            "There is no such policy version; `channelhub policy list` shows those there are.",
            "没有此政策版本；`channelhub policy list` 可列出现有版本。",
        )
    return dict(row)


async def hold(
    connection: Connection,
    version: Mapping[str, Any],
    loosens: Sequence[str],
    *,
    at: datetime,
    user_id: int | None,
    note: str | None,
) -> None:
    """Let a version hold, and have everything judged again."""
    values = {"id": version["id"], "user_id": user_id, "at": at, "note": note, "loosens": list(loosens)}
    await connection.execute(*prepared("policy", "published", **values))
    entry = Entry(
        actor_id=user_id,
        action="published",
        noun="policy_version",
        subject_id=version["id"],
        before={"state": version["state"], "proposed_by": version["proposed_by"]},
        after={"state": "published", "loosens": list(loosens)},
        reason=note,
    )
    await audit.write(connection, entry)
    await dirty.mark(connection, [("policy_version", version["id"], None)])


async def check_roles(connection: Connection, user_id: int, number: int, *, loosening: bool, second: bool) -> None:
    """Refuse who may not: proposing and loosening are for administrators, approving for channel managers too."""
    roles = await connection.fetchval(*prepared("policy", "roles", user_id=user_id)) or []
    if ADMIN in roles or (second and not loosening and MANAGER in roles):
        return
    if second and not loosening:
        raise Declined(
            "policy",
            f"Policy version {number} needs the word of an administrator or channel manager.",
            f"政策版本 {number} 须经管理员或渠道经理同意。",
        )
    raise Declined(
        "policy", f"Policy version {number} needs the word of an administrator.", f"政策版本 {number} 须经管理员同意。"
    )


async def needs_two(connection: Connection, two_person: bool | None) -> bool:
    """Say whether a publication needs two users: as the setting says, else once there are two administrators."""
    if two_person is not None:
        return two_person
    return bool(await connection.fetchval(*prepared("policy", "administrators")) > 1)


async def loosens_of(connection: Connection, version: Mapping[str, Any]) -> list[str]:
    """Return what a version loosens against the one that would hold on its first day without it."""
    others = [
        row
        for row in await connection.fetch(statement("conflict", "policy_versions").sql)
        if row["version"] != version["version"]
    ]
    before = None
    if others:
        before = next(one.body for one in periods(others) if version["effective_from"] < one.valid_to)
    codes = {*regions(version["body"]), *(regions(before) if before is not None else ())}
    rows = await connection.fetch(*prepared("policy", "lineage", codes=sorted(codes)))
    return loosened(before, version["body"], {row["code"]: row["above"] for row in rows})


async def numbered(connection: Connection, number: int) -> Mapping[str, Any]:
    """Return the version of a number, the published one first. Raises NeedsPerson when there is none."""
    row = await connection.fetchrow(*prepared("policy", "numbered", version=number))
    if row is None:
        raise NeedsPerson(f"There is no policy version {number}; `channelhub policy list` shows those there are.")
    return dict(row)


async def known(connection: Connection) -> list[Mapping[str, Any]]:
    """Return every version there is, the highest first."""
    return [dict(row) for row in await connection.fetch(*prepared("policy", "known"))]


async def changes(connection: Connection, before_id: int, after_id: int) -> list[Mapping[str, Any]]:
    """Return by path what two versions say differently; None where one of them leaves it to the defaults."""
    return [dict(row) for row in await connection.fetch(*prepared("policy", "changes", before=before_id, after=after_id))]
