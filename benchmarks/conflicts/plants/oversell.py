"""More promised than is in stock."""

from datetime import timedelta

from benchmarks.conflicts.book import Cell
from benchmarks.conflicts.maker import Maker

RULE = "oversell"


class Store:
    """A place of stock with one article, counted two hours before the end."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        place = maker.place()
        self.code = maker.name("BW")
        self.article = maker.article(12)
        maker.book.add("locations", code=self.code, partner=place.partner, region=place.code)

    def holds(self, units: Cell, hours: int = 2, pack: int = 1) -> None:
        """Count so many pieces or packs so many hours before the end."""
        maker = self.maker
        maker.book.add(
            "inventory_levels", location=self.code, sku=self.article.sku if pack == 1 else self.article.pack(pack),
            as_of=f"{maker.ground.at - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}", on_hand=units,
        )  # fmt: skip

    def promises(self, *units: int, pack: int = 1, status: str = "open", expires_at: str | None = None) -> None:
        """Commit to so many, each to a channel of its own."""
        for number, (one, channel) in enumerate(zip(units, ("trade", "tmall", "jd"), strict=False)):
            self.maker.book.add(
                "reservations", reservation_id=self.maker.name("BR"), location=self.code, qty=one, channel=channel,
                sku=self.article.sku if pack == 1 else self.article.pack(pack), order_ref=self.maker.name("T"),
                reserved_at=f"{self.maker.ground.at - timedelta(hours=9 - number):%Y-%m-%dT%H:%M:%SZ}", status=status,
                expires_at=expires_at,
            )  # fmt: skip

    @property
    def key(self) -> tuple[str, ...]:
        """The key of what may be found."""
        return (self.code, self.article.sku)


def plant(maker: Maker) -> None:
    """Plant one of each kind."""
    store = Store(maker)
    store.holds(10)
    store.promises(8, maker.chance.randint(3, 9))
    maker.conflict(RULE, store.key, "oversell", "two channels promise one stock")

    store = Store(maker)
    store.holds(10)
    store.holds(1, pack=12)
    store.promises(2, pack=12)
    maker.conflict(RULE, store.key, "oversell", "promised in packs")

    store = Store(maker)
    store.holds(10, hours=72)
    store.promises(8, 5)
    maker.look_alike(RULE, store.key, "stale_stock", "stale_stock")

    hour_ago = f"{maker.ground.at - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    for kind, status, expires_at in (
        ("cancelled_reservation", "cancelled", None),
        ("expired_reservation", "open", hour_ago),
    ):
        store = Store(maker)
        store.holds(10)
        store.promises(8)
        store.promises(5, status=status, expires_at=expires_at)
        maker.look_alike(RULE, store.key, kind)

    store = Store(maker)
    store.holds(2)
    store.holds(1, pack=12)
    store.promises(8, 5)
    maker.look_alike(RULE, store.key, "stock_in_packs")

    store = Store(maker)
    store.holds(5, hours=20)
    store.holds(20)
    store.promises(8, 5)
    maker.look_alike(RULE, store.key, "newer_count")
