"""A frontend's documents go from its files to the hub: all, or none with the place of each mistake."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.jobs.cli.conftest import Run

PARTNERS = "query Partners {\r\n  partners { nodes { code } }\r\n}\r\n"
PRODUCTS = "query Products { products { totalCount } }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "queries"
    (made / "deep").mkdir(parents=True)
    (made / "deep" / "partners.graphql").write_bytes(PARTNERS.encode())
    (made / "products.gql").write_text(PRODUCTS)
    (made / "notes.txt").write_text("nothing")
    return made


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_documents_of_a_folder_are_registered_and_listed(hub: "Run", folder: Path) -> None:
    done = hub("documents", "register", "queries", "queries/products.gql")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"sha256:{digest(PARTNERS)}  queries/deep/partners.graphql",
        f"sha256:{digest(PRODUCTS)}  queries/products.gql",
    ]
    again = json.loads(hub("documents", "register", str(folder / "products.gql"), "--json").stdout)
    assert again == [{"file": str(folder / "products.gql"), "hash": digest(PRODUCTS), "operations": ["Products"]}]
    rows = json.loads(hub("documents", "list", "--json").stdout)
    assert [(row["name"], row["hash"], row["operations"]) for row in rows] == [
        ("queries/deep/partners.graphql", digest(PARTNERS), ["Partners"]),
        ("queries/products.gql", digest(PRODUCTS), ["Products"]),
    ]
    assert f"sha256:{digest(PRODUCTS)}" in hub("documents", "list").stdout


def test_a_mistake_is_told_with_its_place_and_nothing_is_registered(hub: "Run", folder: Path) -> None:
    (folder / "bad.graphql").write_text("{\n  partners { nope }\n}\n")
    done = hub("documents", "register", "queries", "--json")
    assert done.returncode == 2
    assert done.stderr.startswith("queries/bad.graphql:2:14: ")
    (fault,) = json.loads(done.stdout)
    assert (fault["file"], fault["code"], fault["line"]) == ("queries/bad.graphql", "GRAPHQL_VALIDATION_FAILED", 2)
    assert json.loads(hub("documents", "list", "--json").stdout) == []


def test_a_folder_without_a_document_and_a_file_that_is_no_text_are_refused(hub: "Run", tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert hub("documents", "register", "empty").returncode == 2
    (tmp_path / "bytes.graphql").write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in hub("documents", "register", "bytes.graphql").stderr
