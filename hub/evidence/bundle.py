"""Evidence bundles: everything findings rest on as one document, frozen under the hash of its text.

Equal evidence gives an equal text, so that freezing it again finds the bundle there is. A bundle names payloads by their
hashes and never holds one; the database refuses to change or to remove it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson
from msgspec import Struct

from hub.conflicts import jurisdiction
from hub.conflicts.registry import all_rules
from hub.errors import NeedsPerson
from hub.store.database import Connection
from hub.store.statements import read_statements

FORMAT = "channelhub evidence 1"


class Frozen(NamedTuple):
    """A bundle by its id, and the SHA-256 of its text as 64 hexadecimal digits."""

    id: int
    hash: str


class Bundle(Struct, frozen=True, kw_only=True):
    """A bundle as it rests. `body` is the very text that was hashed."""

    id: int
    hash: str
    body: str
    conflict_ids: tuple[int, ...]
    frozen_at: datetime

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Return what the text says of each finding."""
        found: list[dict[str, Any]] = orjson.loads(self.body)["findings"]
        return found


async def named(connection: Connection, name: str) -> list[int]:
    """Return the findings that a finding's key or a case's number stands for. Raises NeedsPerson when there are none."""
    # No key is that short, and no number that long.
    number = int(name) if name.isascii() and name.isdecimal() and len(name) < 10 else None
    found = await connection.fetch(STATEMENTS["named"].sql, *STATEMENTS["named"].arguments({"key": name, "number": number}))
    if not found:
        raise NeedsPerson(f"There is no finding with the key {name}, and no case with findings of that number.")
    return [row["id"] for row in found]


async def gather(connection: Connection, conflict_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return what findings rest on now, by finding key."""
    one = STATEMENTS["gather"]
    rows = await connection.fetch(one.sql, *one.arguments({"ids": list(conflict_ids)}))
    return [judged(row["finding"], row["policy"], row["profile"]) for row in rows]


def judged(finding: dict[str, Any], policy: Mapping[str, Any] | None, profile: str) -> dict[str, Any]:
    """Return a finding with what judged it: the thresholds of its rule and the profile of its place."""
    body: Mapping[str, Any] = {} if policy is None else policy["body"]
    pair = all_rules().get(finding["rule"])
    thresholds: dict[str, Any] = {} if pair is None else {name: str(value) for name, value in pair.rule.thresholds.items()}
    thresholds |= body.get("thresholds", {}).get(finding["rule"], {})
    overrides = [one for one in body.get("override", []) if one.get("rule") == finding["rule"]]
    head = {} if policy is None else {name: value for name, value in policy.items() if name != "body"}
    named = jurisdiction.profiles(body).get(profile, jurisdiction.BUILT_IN["default"])
    return finding | {
        "policy": head | {"thresholds": thresholds, "overrides": overrides},
        "profile": {"name": profile, **msgspec.to_builtins(named)},
    }


async def freeze(connection: Connection, conflict_ids: Sequence[int], at: datetime) -> Frozen:
    """Freeze what findings rest on now and return the bundle, which is the earlier one when nothing differs.

    Stands or falls with the transaction. Raises NeedsPerson when a finding is not there.
    """
    findings = await gather(connection, conflict_ids)
    if not findings or len(findings) != len(set(conflict_ids)):
        raise NeedsPerson("Evidence is frozen for findings that exist; one of those asked for does not.")
    body = canonical({"format": FORMAT, "findings": findings})
    hash = hashed(body)
    values = {"hash": hash, "body": body.decode(), "ids": sorted(finding["id"] for finding in findings), "at": at}
    await connection.execute(STATEMENTS["keep"].sql, *STATEMENTS["keep"].arguments(values))
    found = await kept(connection, hash)
    assert found is not None
    return Frozen(found.id, found.hash)


async def findings_of(connection: Connection, case_id: int) -> list[int]:
    """Return the findings of a case."""
    return [row["id"] for row in await connection.fetch(STATEMENTS["of_case"].sql, case_id)]


async def freeze_case(connection: Connection, case_id: int, at: datetime) -> Frozen | None:
    """Freeze what all findings of a case rest on and name the bundle in the case; None for a case without findings."""
    findings = await findings_of(connection, case_id)
    if not findings:
        return None
    made = await freeze(connection, findings, at)
    one = STATEMENTS["name_in_case"]
    await connection.execute(one.sql, *one.arguments({"hash": made.hash, "case_id": case_id}))
    return made


async def kept(connection: Connection, hash: str) -> Bundle | None:
    """Return the bundle with a hash; None when there is none."""
    row = await connection.fetchrow(STATEMENTS["kept"].sql, hash)
    return None if row is None else Bundle(**(dict(row) | {"conflict_ids": tuple(row["conflict_ids"])}))


def canonical(document: object) -> bytes:
    """Return the one text of a document: keys in the order of their code points, UTF-8, no white space."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def hashed(body: bytes) -> str:
    """Return the SHA-256 of a text, 64 hexadecimal digits."""
    return sha256(body).hexdigest()


STATEMENTS = read_statements(Path(__file__).with_name("bundle.sql"))
