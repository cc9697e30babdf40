"""How large a document may be."""

from collections.abc import Callable

import pytest
from graphql import get_introspection_query, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.documents import Documents, Refused
from schema.limits import check
from tests.web import tiny


def names(query: str) -> str | None:
    problem = check(parse(query))
    return None if problem is None else str((problem.extensions or {})["limit"])


def nested(depth: int) -> str:
    return "{ inner " * (depth - 1) + "{ hello }" + " }" * (depth - 1)


def bomb(levels: int) -> str:
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return " ".join(["{ ...F0 }", *parts, f"fragment F{levels} on Query {{ hello }}"])


@pytest.mark.parametrize(
    ("make", "most", "limit"),
    [
        (nested, 12, "depth"),
        (lambda n: "{ " + " ".join(f"a{k}: hello" for k in range(n)) + " }", 15, "aliasesOfOneField"),
        (lambda n: "{ " + " ".join(f"a{k}: f{k % 3}" for k in range(n)) + " }", 20, "rootFields"),
        (lambda n: "{ inner { " + " ".join(f"a{k}: f{k % 3}" for k in range(n)) + " } }", 30, "aliases"),
        (lambda n: "mutation { " + " ".join(f"f{k}" for k in range(n)) + " }", 5, "rootFields"),
        (lambda n: "{ hello " + "@skip(if: false) " * n + "}", 50, "directives"),
        (lambda n: "{ hello } " + " ".join(f"fragment F{k} on Query {{ hello }}" for k in range(n)), 50, "fragments"),
    ],
)
def test_each_limit_bites_one_beyond(make: Callable[[int], str], most: int, limit: str) -> None:
    assert names(make(most)) is None
    assert names(make(most + 1)) == limit


def test_a_fragment_that_doubles_itself_is_measured_once_and_refused() -> None:
    assert names(bomb(48)) in {"fields", "rootFields"}


def test_a_fragment_in_itself_is_left_to_validation() -> None:
    assert names("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }") is None


def test_the_usual_introspection_query_passes() -> None:
    document = Documents(tiny()._schema, suggestions=True).get(get_introspection_query())
    assert document.introspects


def test_a_document_of_too_many_tokens_is_not_even_parsed() -> None:
    with pytest.raises(Refused) as refusal:
        Documents(tiny()._schema, suggestions=True).get("{ " + "hello " * 2_001 + "}")
    assert (refusal.value.errors[0].extensions or {})["limit"] == "tokens"


def test_a_document_is_kept_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schema.documents.KEPT", 2)
    documents = Documents(tiny()._schema, suggestions=True)
    first = documents.get("{ hello }")
    documents.get("{ a: hello }")
    assert documents.get("{ hello }") is first
    documents.get("{ b: hello }")
    assert list(documents.kept) == ["{ hello }", "{ b: hello }"]


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet='{}()[]:$!@."#abq123 \n,', max_size=80))
def test_whatever_is_sent_is_a_document_or_a_coded_refusal(text: str) -> None:
    errors = []
    try:
        Documents(tiny()._schema, suggestions=True).get(text)
    except Refused as refusal:
        errors = refusal.errors
    assert all("code" in (error.extensions or {}) for error in errors)
