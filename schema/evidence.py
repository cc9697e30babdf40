"""/evidence/<hash>: a frozen bundle as JSON or as a page to print, as far as the caller may see it.

Whoever sees all of a bundle gets its very text, whose SHA-256 is the hash. Others get what is left of it: findings they may
see, and of those a partner only what concerns itself. What is not there and what is not for the caller look alike.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hub.conflicts.rule import Locale as Language
from hub.evidence.bundle import FORMAT, Bundle, canonical, kept
from hub.evidence.page import page
from hub.store.database import Store
from schema.compiler.catalog import Values
from schema.compiler.door import COMPILER, Compiler
from schema.compiler.emit import OWN_WORDS, Emitter
from schema.compiler.row import Row
from schema.conflict import RECORDS
from schema.context import Locale, Role, Viewer
from schema.errors import ErrorCode
from schema.http import JSON, Problem, Web, localised, weights

HTML = "text/html"
HASH = re.compile(r"[0-9a-f]{64}")
LANGUAGES: Mapping[Locale, Language] = {Locale.EN: "en", Locale.ZH_CN: "zh"}
# What a partner reads of a finding about it, beside its score, its own fields and its own records.
OWN_FACTS = (
    "rule", "rule_version", "class", "full", "mode", "state", "revision", "case", "subject", "product_group", "base_sku",
    "region", "event_day", "value_at_risk", "currency", "band", "capped_by", "watermark_at", "detected_at", "judged_at",
)  # fmt: skip
OWN_RECORD = ("code", "noun", "key", "facts", "hash", "derivation")
# A page of ours holds its style and nothing else.
HEADERS = {
    "cache-control": "private, no-cache",
    "vary": "Authorization, Accept, Accept-Language",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
}


@dataclass
class Bundles:
    """Answers for frozen evidence. Who asks is found as for the API."""

    web: Web
    store: Store

    async def bundle(self, request: Request) -> Response:
        """Answer GET on /evidence/<hash>."""
        return await self.web.guarded(request, self.answer)

    async def answer(self, request: Request, _request_id: str) -> Response:
        """Return a bundle in the form the caller asks for."""
        viewer = localised(request, (await self.web.admitted(request)).viewer)
        wanted = form(request)
        found = await self.found(request.path_params["hash"])
        shown = None if found is None else await self.shown(found, viewer)
        if found is None or not shown:
            raise Problem(404, ErrorCode.NOT_FOUND, "There is no such evidence, or it is not for you.")
        whole = shown == found.findings
        if wanted == HTML:
            frozen_at = found.frozen_at.isoformat(timespec="seconds")
            return Response(page(shown, found.hash, frozen_at, LANGUAGES[viewer.locale], whole=whole), 200, HEADERS, HTML)
        body = found.body.encode() if whole else canonical({"format": FORMAT, "findings": shown})
        return Response(body, 200, HEADERS, JSON)

    async def found(self, hash: str) -> Bundle | None:
        """Return the bundle of a hash."""
        if not HASH.fullmatch(hash):
            return None
        async with self.store.connection() as connection:
            return await kept(connection, hash)

    async def shown(self, bundle: Bundle, viewer: Viewer) -> list[dict[str, Any]]:
        """Return of a bundle's findings what the viewer may see."""
        compiler: Compiler = self.web.operations.schema._schema.extensions[COMPILER]
        findings = bundle.findings
        given = {"ids": list(bundle.conflict_ids), "refs": references(findings)}
        seen = await compiler.aside(viewer, self.store, given, write)
        as_shown = {one["id"]: one for one in seen["findings"] or ()}
        mine = [finding for finding in findings if finding["id"] in as_shown]
        if viewer.role is not Role.PARTNER:
            return mine
        records = {(noun, id) for noun, id in seen["records"] or ()}
        return [own(finding, as_shown[finding["id"]], records) for finding in mine]


def form(request: Request) -> str:
    """Return the media type the caller wants: by `format`, else by what it accepts, else JSON."""
    named = request.query_params.get("format")
    if named is not None:
        if named not in ("json", "html"):
            raise Problem(400, ErrorCode.BAD_REQUEST, "`format` is json or html.")
        return HTML if named == "html" else JSON
    accepted = weights(request.headers.get("accept", "*/*"))
    return HTML if accepted.get(HTML, 0.0) > accepted.get(JSON, 0.0) else JSON


def references(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the records findings rest on, each once."""
    named = {(record["noun"], record["id"]) for finding in findings for record in finding["records"]}
    return [{"noun": noun, "id": id} for noun, id in sorted(named)]


def write(emitter: Emitter) -> str:
    """Write what tells which findings and which records the viewer may see, with key and score as it is shown them."""
    ids = emitter.bound("ids", "bigint[]", lambda binding: binding.given["ids"])
    refs = emitter.bound("refs", "jsonb", lambda binding: binding.given["refs"])
    finding, tail = emitter.table("Conflict", None, [])
    told = ", ".join(
        f"'{name}', {finding[column]}" for name, column in (("id", "id"), ("key", "finding_key"), ("score", "score"))
    )
    asked = Row(emitter, "", None, {"refs": refs})
    record = Row(emitter, emitter.alias("v"), asked)
    seen = emitter.source(Values("jsonb_to_recordset({up.refs}) AS {row} (noun text, id bigint)", own=RECORDS.own), record)
    return (
        f"(SELECT json_build_object('findings', (SELECT json_agg(json_build_object({told})) {tail} "
        f"AND {finding['id']} = ANY({ids})), "
        f"'records', (SELECT json_agg(json_build_array({record['noun']}, {record['id']})) {seen})))"
    )


def own(finding: Mapping[str, Any], shown: Mapping[str, Any], records: set[tuple[str, int]]) -> dict[str, Any]:
    """Return of a finding what the partner it is about may read."""
    facts = {name: finding[name] for name in OWN_FACTS}
    return facts | {
        "key": shown["key"],
        "score": shown["score"],
        "evidence": {name: value for name, value in finding["evidence"].items() if name in OWN_WORDS},
        "records": [
            {name: record[name] for name in OWN_RECORD}
            for record in finding["records"]
            if (record["noun"], record["id"]) in records
        ],
        "filters_tried": [{name: tried[name] for name in ("filter", "outcome")} for tried in finding["filters_tried"]],
    }
