"""Why a mutation did nothing is said in two languages, wherever in the hub that arises."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNonNull,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

import hub
import jobs
import schema
from hub.conflicts.rule import Text
from hub.store.database import Store
from schema.root import build_schema
from schema.user_error import USER_ERRORS
from tests.web import Client, Deferred, web

Texts = tuple[ast.expr, ast.expr]


def chinese(text: str) -> bool:
    """Say whether there is any Chinese in a text."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def modules() -> Iterator[ModuleType]:
    """Yield every module of the rooms in which a mutation works."""
    for room in (hub, jobs, schema):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def speaker(thing: object) -> inspect.Signature | None:
    """Return how a thing is called that takes a sentence in both languages; None for any other, and the wording of rules."""
    if not callable(thing) or thing is Text:
        return None
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    return signature if signature.parameters.keys() >= {"en", "zh"} else None


def said(module: ModuleType) -> Iterator[tuple[ast.Call, Texts]]:
    """Yield each place of a module that says a sentence, with the two expressions for it."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            continue
        for call in own(scope):
            signature = speaker(vars(module).get(call.func.id)) if isinstance(call.func, ast.Name) else None
            if isinstance(call, ast.Call) and signature is not None:
                named = {one.arg: one.value for one in call.keywords if one.arg is not None}
                bound = signature.bind_partial(*call.args, **named).arguments
                for pair in resolved(scope, bound["en"], bound["zh"]):
                    yield call, pair


def own(scope: ast.AST) -> Iterator[Any]:
    """Yield the calls of a function or module that stand in no function inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            if isinstance(child, ast.Call):
                yield child
            yield from own(child)


def resolved(scope: ast.AST, en: ast.expr, zh: ast.expr) -> Iterator[Texts]:
    """Yield the expressions themselves, or what the names `en` and `zh` stand for in a function; nothing for its parameters."""
    if not (isinstance(en, ast.Name) and isinstance(zh, ast.Name)):
        yield en, zh
        return
    assert (en.id, zh.id) == ("en", "zh")
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef) and {"en", "zh"} <= {one.arg for one in scope.args.args}:
        return
    values: dict[str, list[ast.expr]] = {"en": [], "zh": []}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for name, value in taken_apart(node.targets[0], node.value):
                values.get(name, []).append(value)
    assert values["en"]
    yield from zip(values["en"], values["zh"], strict=True)


def taken_apart(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names of an assignment with what each becomes; a pair that comes as one stands for both."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple):
        parts = value.elts if isinstance(value, ast.Tuple) else [value] * len(target.elts)
        for name, part in zip(target.elts, parts, strict=False):
            yield from taken_apart(name, part)


def passed_on(en: ast.expr, zh: ast.expr) -> bool:
    """Say whether both texts are those of an error, or of a table that is looked at by itself."""
    written, table = ast.unparse(zh), ast.unparse(en)
    of_error = written.endswith(".zh") and table == f"str({written.removesuffix('.zh')})"
    return of_error or (written == table and any(name in table for name in ("SENTENCES[", "NAMES[")))


def places(text: ast.expr) -> list[str]:
    """Return what is put into a sentence."""
    if isinstance(text, ast.JoinedStr):
        # The name of a kind of thing is another word in each language, by design.
        return sorted(ast.unparse(one.value).replace("zh", "en") for one in text.values if isinstance(one, ast.FormattedValue))
    return fields(str(text.value)) if isinstance(text, ast.Constant) else [ast.unparse(text)]


def fields(text: str) -> list[str]:
    """Return the fields of a sentence that is filled in later."""
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def literal(text: ast.expr) -> str:
    """Return what of a sentence is always the same."""
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(str(one.value) for one in parts if isinstance(one, ast.Constant))


def test_each_reason_is_said_in_both_languages_with_the_same_in_it() -> None:
    counted, wrong = 0, []
    for module in modules():
        for call, (en, zh) in said(module):
            counted += 1
            if passed_on(en, zh):
                continue
            reworded = ast.unparse(en) == "str(error)"
            if not chinese(literal(zh)) or chinese(literal(en)) or not (reworded or places(en) == places(zh)):
                wrong.append(f"{module.__name__}:{call.lineno} {ast.unparse(zh)}")
    assert wrong == []
    assert counted > 150


def test_tables_of_reasons_hold_both_languages_with_the_same_in_them() -> None:
    tables = [
        table
        for module in modules()
        for name, table in vars(module).items()
        if module.__name__.startswith("schema.") and name in ("SENTENCES", "NAMES") and isinstance(table, Mapping)
    ]
    assert len(tables) > 2
    for table in tables:
        for en, zh in table.values():
            assert chinese(zh)
            assert not chinese(en)
            assert fields(en) == fields(zh)


def test_no_reason_is_made_without_its_two_texts() -> None:
    for kind in USER_ERRORS:
        parameters = inspect.signature(kind).parameters
        assert all(parameters[name].default is inspect.Parameter.empty for name in ("en", "zh"))


SAMPLES: Mapping[str, Any] = {
    "Boolean": True, "Float": 1.0, "Int": 1, "Date": "2026-01-01", "DateTime": "2026-01-01T00:00:00Z", "RegionCode": "X",
}  # fmt: skip


def sample(wanted: GraphQLInputType) -> Any:
    """Return a value of a type that is well-formed and means nothing; of optional fields only ids are given."""
    named = get_named_type(wanted)
    if isinstance(named, GraphQLInputObjectType):
        value: Any = {
            name: sample(field.type)
            for name, field in named.fields.items()
            if (is_non_null_type(field.type) and not field.default_value) or get_named_type(field.type).name == "ID"
        }
    elif isinstance(named, GraphQLEnumType):
        value = next(iter(named.values))
    else:
        value = SAMPLES.get(named.name, "-")
    inner = wanted.of_type if isinstance(wanted, GraphQLNonNull) else wanted
    return [value] if is_list_type(inner) else value


@pytest.fixture
async def client(store: Store) -> AsyncIterator[Client]:
    async with web(store, build_schema(), jobs=Deferred()) as client:
        yield client


# These have nothing to refuse in what a sample says: they are done.
DONE = {"requestDetection"}
# These are for partners.
NOT_OURS = {"fileCase", "replyToCase"}


async def test_every_mutation_refuses_in_the_language_of_the_caller(client: Client) -> None:
    mutations = build_schema()._schema.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        if name in DONE | NOT_OURS:
            continue
        given = field.args["input"].type
        query = f"mutation ($i: {given}) {{ {name}(input: $i) {{ userErrors {{ message }} }} }}"
        texts = []
        for language in ("en", "zh-CN"):
            data = await client.data(query, variables={"i": sample(given)}, headers={"accept-language": language})
            texts.append("".join(error["message"] for error in data[name]["userErrors"]))
        assert [texts[0] != "", *map(chinese, texts)] == [True, False, True], (name, texts)
