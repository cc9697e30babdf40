"""A policy as the text of a policy.toml: what `policy` reads, written."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from hub.records import PolicyVersion

BARE = re.compile(r"[A-Za-z0-9_-]+")


def policy_text(version: PolicyVersion) -> str:
    """Return the policy.toml that is read as this version."""
    head = {name: getattr(version, name) for name in ("version", "effective_from", "base_currency", "timezone")}
    return "".join(f"{key(name)} = {value(one)}\n" for name, one in (head | dated(version.body)).items())


def dated(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body whose days are days again: a policy has them among its holidays alone."""
    sla = body.get("sla", {})
    if "holidays" not in sla:
        return dict(body)
    return {**body, "sla": {**sla, "holidays": [date.fromisoformat(day) for day in sla["holidays"]]}}


def key(name: str) -> str:
    return name if BARE.fullmatch(name) else quoted(name)


def quoted(text: str) -> str:
    """Return a text in quotes. JSON's are TOML's, but for one character that TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def value(one: Any) -> str:
    """Return a value on one line."""
    if isinstance(one, Mapping):
        return "{" + ", ".join(f"{key(name)} = {value(part)}" for name, part in one.items()) + "}"
    if isinstance(one, list):
        return "[" + ", ".join(value(part) for part in one) + "]"
    if isinstance(one, bool):
        return str(one).lower()
    if isinstance(one, date):
        return one.isoformat()
    return quoted(one) if isinstance(one, str) else repr(one)
