"""The demo's trade as a whole: the masters, what is hidden among them, and the ordinary trade around it."""

from datetime import date

from jobs.demo.offers import plant_offers
from jobs.demo.overlaps import plant_overlaps
from jobs.demo.sales import plant_sales
from jobs.demo.units import plant_units
from jobs.demo.world import Maker, World


def make_world(seed: int, today: date, scale: float = 1) -> World:
    """Return the world of a seed. The same arguments give equal worlds."""
    return make_trade(seed, today, scale).world


def make_trade(seed: int, today: date, scale: float = 1) -> Maker:
    """Return a world with its maker, who can let the trade go on. `scale` shrinks ordinary trade; all plants stay in."""
    maker = Maker(seed, today, scale)
    maker.masters()
    for planting in (plant_overlaps, plant_sales, plant_offers, plant_units):
        planting(maker)
    maker.trade()
    maker.listings()
    maker.stock()
    return maker
