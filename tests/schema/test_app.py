"""The application from start to stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from hub.settings import ServerSettings, Settings
from hub.store.database import Store, open_store
from schema.app import Hub, Opener, create_app
from schema.probes import Metrics, Probes
from tests.web import Deferred, served, token


def opener(address: str) -> Opener:
    """Return what opens the hub on a database that is migrated already."""

    @asynccontextmanager
    async def opened(_settings: Settings) -> AsyncIterator[Hub]:
        async with open_store(address, connections=5) as store:
            yield Hub(store, Deferred())

    return opened


async def test_it_serves_queries_probes_and_the_page(address: str) -> None:
    app = create_app(Settings(home=Path()), opener(address))
    async with served(app, "on") as host, httpx2.AsyncClient(base_url=f"http://{host}", trust_env=False) as http:
        assert (await http.get("/healthz")).text == "ok"
        assert (await http.get("/readyz")).status_code == 200
        assert (await http.get("/graphiql")).status_code == 200
        async with open_store(address, connections=1) as store:
            key = await token(store)
        query = {"query": "{ orders(first: 2) { nodes { id } totalCount } __typename }"}
        answer = (await http.post("/graphql", json=query, headers={"authorization": f"Bearer {key}"})).json()
        assert answer["data"] == {"orders": {"nodes": [], "totalCount": 0}, "__typename": "Query"}
        assert [one["mode"] for one in answer["extensions"]["execution"]] == ["compiled"]
        counted = {"query": "{ orders { totalCount } }"}
        answer = (await http.post("/graphql", json=counted, headers={"authorization": f"Bearer {key}"})).json()
        assert answer["data"] == {"orders": {"totalCount": 0}}
        assert "channelhub_operations_total" in (await http.get("/metrics")).text


async def test_production_serves_no_page(address: str) -> None:
    app = create_app(Settings(home=Path(), server=ServerSettings(production=True)), opener(address))
    async with served(app, "on") as host, httpx2.AsyncClient(base_url=f"http://{host}", trust_env=False) as http:
        assert (await http.get("/graphiql")).status_code == 404
        assert (await http.get("/readyz")).status_code == 200


async def test_it_is_not_ready_before_it_serves_nor_without_its_database(store: Store) -> None:
    probes = Probes(Metrics())
    assert (await probes.readyz(None)).status_code == 503  # type: ignore[arg-type]
    probes.store = store
    assert (await probes.readyz(None)).status_code == 200  # type: ignore[arg-type]
    await store.pool.close()
    assert (await probes.readyz(None)).status_code == 503  # type: ignore[arg-type]
