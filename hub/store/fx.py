"""Where dated rates rest."""

from tortoise import fields
from tortoise.indexes import Index

from hub.store.base import Canonical, Numeric


class FxRateRow(Canonical):
    """`rate` is the worth of 1 `currency` in the base currency of the policy."""

    day = fields.DateField()
    currency = fields.TextField()
    rate = Numeric()

    class Meta:
        table = "fx_rate"
        unique_together = (("source_id", "key"),)
        indexes = (Index(fields=("day", "id")), Index(fields=("currency", "day")), Index(fields=("raw_id",)))
