"""The query page works without a network, and only for developers."""

import re
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from schema.graphiql import FILES, FOLDER, page_routes
from tests.web import served

ABSOLUTE = re.compile(rb"(?i)https?:|wss?:|//[a-z0-9-]+\.[a-z]|@import|data:")


@pytest.mark.parametrize("name", sorted(FILES))
def test_g15_no_file_names_another_place(name: str) -> None:
    assert not ABSOLUTE.findall((FOLDER / name).read_bytes())


async def test_the_page_and_all_it_loads_are_served_with_a_policy_that_allows_nothing_else() -> None:
    async with (
        served(Starlette(routes=page_routes())) as address,
        httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False) as http,
    ):
        page = await http.get("/graphiql")
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        wanted = re.findall(r'(?:src|href)="graphiql/([^"]+)"', page.text)
        seen: set[str] = set()
        while wanted:
            name = wanted.pop()
            response = await http.get(f"/graphiql/{name}")
            assert response.status_code == 200
            assert response.headers["content-type"].split(";")[0] in {"text/javascript", "text/css"}
            seen.add(name)
            wanted += [one for one in re.findall(r'from "\./([^"]+)"', response.text) if one not in seen]
        assert seen | {"index.html"} == FILES
        assert (await http.get("/graphiql/../app.py")).status_code == 404
        assert (await http.get("/graphiql/nothing.js")).status_code == 404


def test_the_page_holds_no_inline_script_or_style() -> None:
    page = Path(FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", page)
