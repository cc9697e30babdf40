"""The GraphQL API against hand-written SQL, stock Strawberry and PostGraphile, and against itself: all asked in turn.

q1 is 50 orders with seller, customer and 10 lines each; q2 is 1,000 orders with eight fields, in ten pages of 100; q3 is 10,000
orders with four fields in a hundred pages of 100, ten in a request. All but the hand-written SQL check a token and validate the
document; the hub applies its row policy too.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from benchmarks.graphql import node
from benchmarks.graphql.inside import Inside
from benchmarks.graphql.pages import paged
from benchmarks.graphql.peers import Hand, Hub, Peer, PostGraphile
from benchmarks.graphql.questions import Q1, Q2, ROLES
from benchmarks.graphql.report import AGAIN, HAND, HUB, POSTGRAPHILE, STOCK, Measured, told
from benchmarks.graphql.serving import module, started
from benchmarks.graphql.sides import Side, agree
from benchmarks.graphql.trade import ADMIN, YEARS, trade
from benchmarks.measure import Options, Report, side_by_side
from benchmarks.stage import stage
from hub.store.database import open_store

ROWS = 10_000
# A stock executor takes so much longer that it is asked a tenth as often.
SELDOM = 0.1


async def compare(options: Options) -> Report:
    """Measure."""
    count = options.rows or ROWS
    async with stage() as made, made.database() as address:
        tokens = await trade(made, address, count)
        measured = await measure(address, tokens, count * (1 + YEARS), options.rounds)
    return told(count * (1 + YEARS), measured)


async def measure(address: str, tokens: Mapping[str, str], orders: int, rounds: int) -> Measured:
    """Ask everybody about the trade of a database, which has so many orders."""
    async with answering(address, tokens, orders) as sides, open_store(address, connections=1) as store:
        inside = Inside(store)
        timed = {side.name: side.timed for side in sides} | inside.sides(Q1) | inside.sides(Q2)
        times = await side_by_side(timed, rounds)
        statements = {question.name: await inside.statements(question) for question in (Q1, Q2)}
    return Measured(times, {side.name: side.latencies for side in sides}, statements, node.lacking())


@asynccontextmanager
async def answering(address: str, tokens: Mapping[str, str], orders: int) -> AsyncIterator[list[Side]]:
    """Lend everybody with every question, once all have answered and said the same. Raises WrongAnswer."""
    async with peers(address, tokens[ADMIN]) as asked:
        hub = Hub(asked[HUB].port, tokens[ADMIN])
        sides = [Side(f"{question.name}, {name}", peer, question) for question in (Q1, Q2) for name, peer in asked.items()]
        sides += [Side(f"{question.name}, {AGAIN}", hub, question) for question in (Q1, Q2)]
        sides += [Side(question.name, hub, question) for question in await paged(hub, orders)]
        sides += [Side(role, Hub(hub.port, tokens[role]), question) for role, question in ROLES.items()]
        await agree(sides)
        yield sides


@asynccontextmanager
async def peers(address: str, token: str) -> AsyncIterator[dict[str, Peer]]:
    """Start everybody who can be started."""
    async with AsyncExitStack() as stack:
        found: dict[str, Peer] = {
            HUB: Hub((await stack.enter_async_context(started(*module("hub", address)))).port, token),
            HAND: Hand((await stack.enter_async_context(started(*module("hand", address)))).port),
            STOCK: Hub((await stack.enter_async_context(started(*module("stock", address, token)))).port, token, SELDOM),
        }
        if node.lacking() is None:
            port = (await stack.enter_async_context(started(*node.command(address, token), quiet=True))).port
            found[POSTGRAPHILE] = PostGraphile(port, token)
        yield found
