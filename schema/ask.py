"""What a client sent, in whichever words it may be said: a text, a hash, or both.

`documentId` is the word of the specification, `extensions.persistedQuery` that of clients which send a hash first and the
text once it is asked for; the hub does not tell them apart.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "sha256:"
HASH = re.compile(r"[0-9a-f]{64}")


class Malformed(Exception):
    """The words of a request make no operation; the text says which."""


@dataclass(frozen=True)
class Ask:
    """An operation as it was asked for; without a text it is named by the SHA-256 of its document."""

    query: str = ""
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    hash: str | None = None


def read_ask(words: Mapping[str, Any]) -> Ask:
    """Return the operation that the words of a request stand for. Raises Malformed."""
    query, variables, name, extensions = (words.get(key) for key in ("query", "variables", "operationName", "extensions"))
    if not isinstance(variables, dict | None):
        raise Malformed("`variables` is an object.")
    if not isinstance(name, str | None):
        raise Malformed("`operationName` is a text.")
    if not isinstance(extensions, dict | None):
        raise Malformed("`extensions` is an object.")
    hash = named(words.get("documentId"), (extensions or {}).get("persistedQuery"))
    if not isinstance(query, str | None) or (not query and hash is None):
        raise Malformed("`query` is a text and is not empty; or `documentId` names a document.")
    if query and hash is not None and hash != digest(query):
        raise Malformed("The hash is not that of `query`.")
    return Ask(query or "", variables, name or None, hash)


def named(document_id: object, persisted: object) -> str | None:
    """Return the hash that names a document. Raises Malformed."""
    found: list[Any] = []
    if document_id is not None:
        if not isinstance(document_id, str) or not document_id.startswith(PREFIX):
            raise Malformed(f"`documentId` is `{PREFIX}` and the SHA-256 of a document.")
        found.append(document_id.removeprefix(PREFIX))
    if persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise Malformed("`persistedQuery` has `version` 1 and `sha256Hash`.")
        found.append(persisted.get("sha256Hash"))
    if not all(isinstance(one, str) and HASH.fullmatch(one) for one in found):
        raise Malformed("A SHA-256 is 64 lower-case hexadecimal digits.")
    if len(set(found)) > 1:
        raise Malformed("`documentId` and `persistedQuery` name two documents.")
    return found[0] if found else None


def digest(text: str) -> str:
    """Return the hash that names a document. A text that is no Unicode has one too, and nobody else's."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
