"""channelhub why: from a finding down to the line of the file."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from hub.settings import Settings
from jobs.cli import run, settings


def why(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="The key of a finding, or the number of a case.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Say why there is a finding: its rule, its policy, what was tried, its records, and where each of them came from.

    Example: channelhub why a5a05fe987b9ee5b063a34efdd72da72
    """
    findings = run(gathered(settings(), finding))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(findings))
        return
    for one in findings:
        for line in told(one):
            typer.echo(line)


def told(one: Mapping[str, Any]) -> Iterable[str]:
    """Yield the lines that say why there is a finding, from the finding down to the file."""
    from hub.evidence.page import reason, titled

    yield f"{one['key']}  {titled(one, 'en')}"
    yield f"  {reason(one, 'en')}"
    case = "" if one["case"] is None else f", case {one['case']}"
    yield f"  {one['class']}, {one['mode']}, {one['state']}, score {one['score']} {one['band']}{case}"
    yield f"  rule {one['rule']}, version {one['rule_version']}"
    version = "no version, built-in values" if one["policy_version"] is None else f"version {one['policy_version']}"
    yield f"  policy {version}, profile {one['profile']['name']}, data as of {one['watermark_at']}"
    yield "  tried"
    for tried in one["filters_tried"]:
        yield f"    {tried['filter']}: {tried['outcome']}" + (f" ({tried['detail']})" if tried["detail"] else "")
    yield "  records"
    for record in one["records"]:
        revision = "" if record["revision"] is None else f", revision {record['revision']}"
        yield f"    {record['code']}: {record['noun']} {record['key']} of {record['source']}{revision}"
        for step in record["derivation"]:
            of = "" if step["day"] is None else f" (rate of {step['day']})"
            yield f"      {step['name']} = {step['formula']} = {step['value'] or 'unknown'}{of}"
        yield f"      {origin(record)}"


def origin(record: Mapping[str, Any]) -> str:
    """Return where a record came from: its payload, and file, sheet and line where it came in a file."""
    if record["raw"] is None:
        return "its payload is no longer kept"
    payload = f"payload {record['raw']['key']} of {record['raw']['stream']}"
    if record["place"] is None:
        return payload
    place = record["place"]
    sheet = f", sheet {place['sheet']}" if place.get("sheet") else ""
    line = f", line {place['line']}" if place.get("line") else ""
    return f"{payload}, {place['file']}{sheet}{line}"


async def gathered(settings: Settings, name: str) -> list[dict[str, Any]]:
    """Read what findings rest on now."""
    from hub.evidence.bundle import gather, named
    from jobs.hub import open_hub

    async with open_hub(settings, connections=2) as store, store.connection() as connection:
        return await gather(connection, await named(connection, name))
