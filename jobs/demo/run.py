"""Run the demo: a world, its sandbox sources, a hub of its own that reads them, and what it found."""

import asyncio
import fcntl
import shutil
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import aiohttp
import orjson
from rich.console import Console

from hub.clock import now
from hub.errors import NeedsPerson, SettingsError
from hub.settings import Settings, read_settings
from hub.store.database import Store
from hub.store.embedded import server
from hub.store.statements import read_statements
from hub.store.token import create_token
from jobs.demo.atlas import ERP_SELLER, MANAGER, SHOP_SELLER
from jobs.demo.erp import Erp
from jobs.demo.erp import source as erp_source
from jobs.demo.folder import source as sheets_source
from jobs.demo.folder import write_folder
from jobs.demo.mailbox import Mailbox, first_case, open_mailbox, text_of
from jobs.demo.plants import make_trade
from jobs.demo.shop import Shop
from jobs.demo.shop import source as shop_source
from jobs.demo.show import QUERY, reason, show_cases, show_door, show_letter, show_news, show_observations, show_verdict
from jobs.demo.verdict import Verdict, judge
from jobs.demo.world import Maker
from jobs.detect import detect
from jobs.hub import open_hub, working
from jobs.notify import notify
from jobs.serve import listen, serve, url
from jobs.sync import sync_source

STATEMENTS = read_statements(Path(__file__).with_name("demo.sql"))
T = TypeVar("T")
MASTERS = "brand"
SEED = 1
SELL_EVERY_S, LOOK_EVERY_S = 20, 5
# Every so many rounds of selling, one sale goes where it should not.
STRAY_EVERY = 4


@dataclass
class Watchman:
    """Tells on stderr how far we are, and keeps how long each part took."""

    console: Console
    began: float = field(default_factory=monotonic)
    seconds: dict[str, float] = field(default_factory=dict)

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, style="dim", highlight=False)

    @contextmanager
    def part(self, name: str, says: str) -> Iterator[None]:
        """Say what begins, and keep how long it took."""
        started = monotonic()
        self.say(says)
        yield
        self.seconds[name] = round(monotonic() - started, 2)

    @asynccontextmanager
    async def opening(self, name: str, says: str, door: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
        """Open something that stays open, and keep how long the opening took."""
        started = monotonic()
        self.say(says)
        async with door as opened:
            self.seconds[name] = round(monotonic() - started, 2)
            yield opened

    def total(self) -> dict[str, float]:
        """Return the seconds of each part and of everything so far."""
        return {**self.seconds, "total": round(monotonic() - self.began, 2)}


@dataclass(frozen=True)
class Sandbox:
    """The sources, running, and the trade that feeds them."""

    trade: Maker
    shop: Shop
    erp: Erp
    mailbox: Mailbox
    shop_url: str
    erp_url: str

    def sell_some(self, *, stray: bool) -> None:
        """Let the shop and the ERP sell a little today; with `stray` also where somebody else holds the territory."""
        at = now()
        for seller, system in ((SHOP_SELLER, self.shop), (ERP_SELLER, self.erp)):
            for order in self.trade.go_on(seller, at.date(), stray=stray):
                system.sell(order, at)


async def demo(home: Path, *, once: bool, as_json: bool, port: int, seed: int = SEED, scale: float = 1) -> int:
    """Show the hub at work in a home of its own; return the exit code: 0 when all that was planted was found, and no more.

    What an earlier demo left in `home` is removed. Without `once` it stays up until cancelled and the sandbox keeps selling.
    The environment must name `home` and its channelhub.toml, because the web application reads them too.
    """
    screen, watch = Console(quiet=as_json), Watchman(Console(stderr=True))
    with listen("127.0.0.1", port) as door, fresh(home):
        with watch.part("generate", "Making a trade of partners, prices, grants and orders"):
            trade = make_trade(seed, now().date(), scale)
            write_folder(trade.world, home / "sheets")
        async with open_sandbox(trade) as sandbox:
            settings = configure(home, sandbox)
            async with watch.opening("start", "Starting PostgreSQL", open_hub(settings)) as store:
                verdict, cases = await look(store, settings, trade, screen, watch)
                with watch.part("notify", "Telling the channel manager"):
                    await notify(store, settings)
                show_letter(screen, sandbox.mailbox.letters)
                token = await make_token(store)
                async with watch.opening("api", "Opening the API", serving(door)):
                    answer = await first_query(url(door), token)
                    show_door(screen, url(door), token, orjson.dumps(answer).decode())
                    if as_json:
                        told = await summary(store, verdict, cases, sandbox, answer, watch)
                        print(orjson.dumps(told, default=str).decode(), flush=True)
                    if not once:
                        await stay(store, settings, sandbox, screen)
    return 0 if verdict.good else 1


@contextmanager
def fresh(home: Path) -> Iterator[None]:
    """Empty the demo's home and keep other demos out of it for as long as the block runs."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"Another demo runs in {home}; stop it, or set CHANNELHUB_HOME to another folder.") from None
        postgres = server(home)
        if (postgres.folder / "data").exists():
            # A demo that was killed leaves its server behind; the last one out stops it.
            postgres.start()
            postgres.stop()
            shutil.rmtree(postgres.folder)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        yield


@asynccontextmanager
async def open_sandbox(trade: Maker) -> AsyncIterator[Sandbox]:
    """Run the shop, the ERP and the mailbox on loopback for as long as the block runs."""
    shop, erp = Shop(trade.world), Erp(trade.world)
    async with open_mailbox() as mailbox, shop.model.served() as shop_url, erp.model.served() as erp_url:
        yield Sandbox(trade, shop, erp, mailbox, shop_url, erp_url)


def configure(home: Path, sandbox: Sandbox) -> Settings:
    """Write the channelhub.toml of the demo, passwords beside it, and return what it says."""
    sources = [
        sheets_source(home / "sheets"),
        shop_source(sandbox.shop_url, home / "shop.password"),
        erp_source(sandbox.erp_url, home / "erp.password"),
    ]
    tables = [
        f'masters = "{MASTERS}"',
        f'[smtp]\nhost = "127.0.0.1"\nport = {sandbox.mailbox.port}\nsender = "hub@example.com"',
        f'[[route]]\nname = "managers"\nseverity = "low"\nto = ["{MANAGER}"]',
        *(f'[[source]]\nschedule = "every 1m"\n{source}' for source in sources),
    ]
    (home / "channelhub.toml").write_text("\n\n".join(tables), encoding="utf-8")
    return read_settings()


async def look(
    store: Store, settings: Settings, trade: Maker, screen: Console, watch: Watchman
) -> tuple[Verdict, list[Mapping[str, Any]]]:
    """Sync, detect and show what was found."""
    with watch.part("sync", "Reading a folder of sheets, a web shop and an ERP"):
        await read_source(store, settings, MASTERS, watch)
        await asyncio.gather(*(read_source(store, settings, name, watch) for name in ("shop", "erp")))
    with watch.part("detect", "Looking for conflicts"):
        await asked(store, "analyse")
        await detect(store, settings, full=True)  # everything at once is quicker than record by record
    cases = await asked(store, "cases")
    show_cases(screen, cases)
    show_observations(screen, [row for row in await asked(store, "full_findings", after=0) if row["mode"] == "observe"])
    verdict = judge(trade.world.plants, await asked(store, "findings"))
    show_verdict(screen, verdict)
    return verdict, cases


async def read_source(store: Store, settings: Settings, name: str, watch: Watchman) -> None:
    """Bring a source up to date and say what came. Raises NeedsPerson when it did not come to its end."""
    outcomes = await sync_source(store, settings, name)
    for outcome in outcomes:
        if not outcome.ok:
            raise NeedsPerson(f"The demo could not read {outcome.stream} of {name}: {outcome.error}")
    counts = [outcome.counts for outcome in outcomes]
    rejected = sum(count.rejected for count in counts)
    watch.say(f"  {name}: {sum(count.new for count in counts):,} records" + (f", {rejected} set aside" if rejected else ""))


async def asked(store: Store, name: str, **values: object) -> list[Mapping[str, Any]]:
    """Return the rows of one of the demo's statements."""
    wanted = STATEMENTS[name]
    async with store.connection() as connection:
        rows: list[Mapping[str, Any]] = await connection.fetch(wanted.sql, *wanted.arguments(values))
    return rows


async def make_token(store: Store) -> str:
    """Return a token that sees everything."""
    async with store.transaction() as connection:
        return (await create_token(connection, name="demo", role="admin")).text


@asynccontextmanager
async def serving(door: socket.socket) -> AsyncIterator[None]:
    """Answer GraphQL for as long as the block runs."""
    ready = asyncio.Event()
    task = asyncio.create_task(serve(door, ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if task.done():
            await task
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def first_query(address: str, token: str) -> dict[str, Any]:
    """Ask the first question over HTTP and return the whole answer."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{address}/graphql", json={"query": QUERY}) as response,
    ):
        answer: dict[str, Any] = orjson.loads(await response.read())
    return answer


async def summary(
    store: Store,
    verdict: Verdict,
    cases: list[Mapping[str, Any]],
    sandbox: Sandbox,
    answer: dict[str, Any],
    watch: Watchman,
) -> dict[str, Any]:
    """Return what happened, for a script."""
    letter = first_case(sandbox.mailbox.letters)
    alert = letter and {"subject": letter["Subject"], "to": letter["To"], "text": text_of(letter)}
    rejects = await asked(store, "rejects")
    return {
        "planted": verdict.planted,
        "found": verdict.found,
        "missed": len(verdict.missed),
        "wrongly_flagged": len(verdict.wrongly_flagged),
        "look_alikes": verdict.look_alikes,
        "details": {"missed": verdict.missed, "wrongly_flagged": verdict.wrongly_flagged, "misread": verdict.misread},
        "seconds": watch.total(),
        "cases": [shown_case(case) for case in cases],
        "rejects": [dict(row) for row in rejects],
        "alerts": len(sandbox.mailbox.letters),
        "alert": alert,
        "query": {"query": QUERY, "answer": answer},
    }


def shown_case(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return a case as a script may read it; money nobody knows is null."""
    return {
        "number": case["number"],
        "rule": case["rule"],
        "partner": case["partner"],
        "region": case["place"],
        "score": float(case["score"]),
        "band": case["band"],
        "at_stake": None if case["money"] is None else str(case["money"]),
        "currency": case["currency"],
        "reason": reason(case),
    }


async def stay(store: Store, settings: Settings, sandbox: Sandbox, screen: Console) -> None:
    """Keep reading the sources every minute and show what comes up, until cancelled; the sandbox goes on selling."""
    screen.print("\nThe sandbox keeps selling and every source is read once a minute. Press Ctrl-C to stop.")
    async with working(store, settings), asyncio.TaskGroup() as group:
        group.create_task(keep_selling(sandbox))
        group.create_task(tell_news(store, screen))


async def keep_selling(sandbox: Sandbox) -> None:
    """Enter a few orders into the shop and the ERP from time to time, now and then one that strays."""
    round_ = 0
    while True:
        await asyncio.sleep(SELL_EVERY_S)
        round_ += 1
        sandbox.sell_some(stray=round_ % STRAY_EVERY == 1)


async def tell_news(store: Store, screen: Console) -> None:
    """Show each full finding that is made from now on."""
    ((latest,),) = await asked(store, "latest_finding")
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        for row in await asked(store, "full_findings", after=latest):
            latest = row["id"]
            show_news(screen, row)
