"""The trade that is asked for: loaded by intake, and the same once more for each of ten years before; and who asks for it."""

from pathlib import Path
from typing import Any

from benchmarks.graphql.questions import LINES
from benchmarks.stage import Stage
from benchmarks.world import write_orders
from hub.store.database import Connection, open_store
from hub.store.statements import read_statements
from hub.store.token import create_token
from hub.store.user import Person, add_user

TRADE = read_statements(Path(__file__).with_name("trade.sql"))
YEARS = 10
ADMIN, MANAGER, DIRECT, PARTNER = "admin", "channel_manager", "direct_sales", "partner"


async def trade(made: Stage, address: str, count: int) -> dict[str, str]:
    """Fill a database; return a token for each role that is compared."""
    file = made.home / "orders.jsonl"
    write_orders(file, [0] * count, count=LINES)
    await made.load(address, "orders", file)
    async with open_store(address, connections=1) as store:
        async with store.transaction() as connection:
            values = {"step": await connection.fetchval(TRADE["step"].sql), "years": YEARS}
            for name in ("earlier", "earlier_lines"):
                await connection.execute(TRADE[name].sql, *TRADE[name].arguments(values))
            tokens = await let_in(connection)
        async with store.connection() as connection:
            await connection.execute("VACUUM ANALYZE")
    return tokens


async def let_in(connection: Connection) -> dict[str, str]:
    """Make a token for an administrator, for a manager of one province, for the brand's own sales and for one partner."""
    partner, shop = (row["partner_id"] for row in await connection.fetch(TRADE["most"].sql))
    await connection.execute(TRADE["brand"].sql, shop)
    region = await connection.fetchval(TRADE["province"].sql, partner)
    person = Person(email="manager@brand.example", name="Manager", roles=(MANAGER,), region_ids=(region,))
    holders: dict[str, dict[str, Any]] = {
        ADMIN: {},
        MANAGER: {"user_id": await add_user(connection, person)},
        DIRECT: {},
        PARTNER: {"partner_id": partner},
    }
    made = {role: await create_token(connection, name=role, role=role, **holder) for role, holder in holders.items()}
    return {role: token.text for role, token in made.items()}
