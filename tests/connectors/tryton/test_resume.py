"""Whatever changes and wherever a read breaks off, the last clean read leaves the source as it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import Checkpoint, Context, Record, State, SyncMode, Window
from connectors.http import open_http
from connectors.registry import connector
from connectors.tryton.client import TrytonConnector
from connectors.tryton.config import TrytonConfig
from connectors.tryton.model import TrytonModel

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TRYTON = TrytonConnector()

CHANGES = st.sampled_from(["wait", "sell", "sell", "quote", "recount"])
READS = st.tuples(st.integers(1, 3), st.lists(CHANGES, max_size=3), st.booleans())
STEPS = st.lists(CHANGES | READS, min_size=3, max_size=15)


class World:
    """A Tryton that sells, and what a hub keeps of it: the records, the bookmark and the watermark of each checkpoint."""

    def __init__(self) -> None:
        self.model = TrytonModel(START, database="erp", username="hub", password="right")
        for table in ("sale.sale", "sale.line", "country.country", "country.subdivision", "stock.location"):
            self.model.tables[table] = {}
        unit = self.model.create("product.uom", factor=1.0)
        self.model.create("product.product", code="SKU-1", default_uom=unit)
        self.model.create("currency.currency", code="USD")
        self.turn = 0
        self.kept: dict[str, bytes] = {}
        self.state: State = {}
        self.watermark: datetime | None = None
        manifest = connector("tryton").manifest
        assert manifest is not None
        # Without a lookback, nothing that is left out can come back by chance.
        self.stream = msgspec.structs.replace(manifest.stream("orders"), lookback=timedelta())

    def change(self, what: str) -> None:
        self.turn += 1
        sales = list(self.model.tables["sale.sale"])
        one = sales[self.turn % len(sales)] if sales else None
        if what == "wait":
            self.model.now += timedelta(seconds=1)
        elif what == "sell":
            line = self.model.create("sale.line", quantity=1.0, amount=None, product=1, unit=1)
            self.model.create(
                "sale.sale", number=None, state="draft", shipment_state="none", party=1, sale_date=None, currency=1,
                warehouse=None, shipment_address=None, lines=[line],
            )  # fmt: skip
        elif one is not None and what == "quote":
            self.model.write("sale.sale", one, state="quotation", number=str(self.turn))
        elif one is not None:
            self.model.write("sale.line", self.model.tables["sale.sale"][one]["lines"][0], quantity=float(self.turn))

    async def read(self, ctx: Context[TrytonConfig], most: int, meanwhile: Iterator[str], breaks: bool) -> None:
        """Read what changed, with changes after each page; a read that breaks ends right after its first page."""
        self.model.most = most
        self.model.now += timedelta(microseconds=1)
        window = Window(lower=self.watermark, upper=self.model.now, mode=SyncMode.INCREMENTAL)
        batch: dict[str, bytes] = {}
        async for message in TRYTON.read(ctx, self.stream, self.state, window):
            if isinstance(message, Record):
                batch[message.key[0]] = message.raw
            elif isinstance(message, Checkpoint):
                self.kept |= batch
                self.state, self.watermark = message.state, message.watermark or self.watermark
                self.change(next(meanwhile, "wait"))
                if breaks:
                    return

    async def scan(self, ctx: Context[TrytonConfig]) -> dict[str, bytes]:
        window = Window(lower=None, upper=self.model.now, mode=SyncMode.RECONCILE)
        read = TRYTON.read(ctx, self.stream, {}, window)
        return {message.key[0]: message.raw async for message in read if isinstance(message, Record)}


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
async def test_a_read_that_breaks_off_anywhere_loses_nothing(steps: list[str | tuple[int, list[str], bool]]) -> None:
    world = World()
    async with world.model.served() as url, open_http("erp", None) as http:
        config = TrytonConfig(url=url, database="erp", username="hub", password="right", partner="D-EAST")
        ctx = Context("erp", config, http, lambda: world.model.now, lambda *_, **__: None)
        for step in steps:
            if isinstance(step, str):
                world.change(step)
            else:
                most, meanwhile, breaks = step
                await world.read(ctx, most, iter(meanwhile), breaks)
        for _ in range(2):  # the first may bring changes of its own time, which the second reads
            await world.read(ctx, 3, iter(()), False)
        assert world.kept == await world.scan(ctx)
