"""The application from start to stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import websockets
from pydantic import ValidationError
from websockets.typing import Origin

from hub.settings import ServerSettings, Settings
from hub.store.database import Store, open_store
from jobs.desk import Desk
from schema.app import Hub, Opener, create_app
from schema.probes import Metrics, Probes
from tests.web import PROTOCOL, Deferred, served, token


def opener(address: str) -> Opener:
    """Return what opens the hub on a database that is migrated already."""

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Hub]:
        async with open_store(address, connections=5) as store:
            yield Hub(store, Deferred(), Desk(store, settings))

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


async def test_pages_of_other_sites_ask_where_the_settings_name_them(address: str) -> None:
    portal, other = "https://portal.example.com", "https://other.example.com"
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    for allowed in ([portal], []):
        app = create_app(Settings(home=Path(), server=ServerSettings(allowed_origins=allowed)), opener(address))
        async with served(app, "on") as host, httpx2.AsyncClient(base_url=f"http://{host}", trust_env=False) as http:
            for origin in (portal, other):
                told = await http.options("/graphql", headers={"origin": origin} | asking)
                answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"origin": origin})
                heard = {one.headers.get("access-control-allow-origin") for one in (told, answer)}
                assert heard == ({origin} if origin in allowed else {None})
                assert answer.headers.get("access-control-allow-credentials") is None
                if origin in allowed:
                    assert "authorization" in told.headers["access-control-allow-headers"].lower()
                opening = websockets.connect(f"ws://{host}/graphql", origin=Origin(origin), subprotocols=[PROTOCOL])
                if origin in allowed:
                    async with opening as socket:
                        assert socket.subprotocol == PROTOCOL
                else:
                    with pytest.raises(websockets.InvalidStatus):
                        await opening


async def test_long_answers_are_compressed_and_streams_are_not(address: str) -> None:
    app = create_app(Settings(home=Path()), opener(address))
    async with served(app, "on") as host, httpx2.AsyncClient(base_url=f"http://{host}", trust_env=False) as http:
        async with open_store(address, connections=1) as store:
            http.headers["authorization"] = f"Bearer {await token(store)}"
        long, short = "{ __schema { types { name description } } }", "{ __typename }"
        sent = [await http.post("/graphql", json={"query": query}) for query in (long, short)]
        assert [one.headers.get("content-encoding") for one in sent] == ["gzip", None]
        assert sent[0].json()["data"]["__schema"]["types"]
        stream = await http.post("/graphql/stream", json={"query": long}, headers={"accept": "text/event-stream"})
        assert stream.headers.get("content-encoding") is None


@pytest.mark.parametrize("origin", ["*", "portal.example.com", "https://portal.example.com/", "https://portal.example.com/a"])
def test_a_site_is_named_as_browsers_name_it(origin: str) -> None:
    with pytest.raises(ValidationError):
        ServerSettings(allowed_origins=[origin])


async def test_it_is_not_ready_before_it_serves_nor_without_its_database(store: Store) -> None:
    probes = Probes(Metrics())
    assert (await probes.readyz(None)).status_code == 503  # type: ignore[arg-type]
    probes.store = store
    assert (await probes.readyz(None)).status_code == 200  # type: ignore[arg-type]
    await store.pool.close()
    assert (await probes.readyz(None)).status_code == 503  # type: ignore[arg-type]
