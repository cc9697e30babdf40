"""The query page at /graphiql: our own files, nothing from elsewhere, so it works without a network.

It is a page for developers: production does not serve it. What it may load is said in its Content-Security-Policy too.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "graphiql"
FILES = frozenset(file.name for file in FOLDER.iterdir())
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


async def page(request: Request) -> Response:
    """Answer with one file of the page."""
    name = request.path_params.get("name", "index.html")
    if name not in FILES:
        return Response("There is no such file.", 404)
    return FileResponse(FOLDER / name, headers=HEADERS)


def page_routes() -> list[Route]:
    """Return the addresses of the page and of what it loads."""
    return [Route("/graphiql", page), Route("/graphiql/{name}", page)]
