"""The columns every row has, and the column types PostgreSQL has and Tortoise lacks."""

from decimal import Decimal

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.models import Model

__all__ = ["ArrayField", "Canonical", "Golden", "Now", "Numeric", "Row", "SqlDefault", "empty_array"]


class Numeric(fields.Field[Decimal], Decimal):  # type: ignore[misc]
    """An exact decimal without a fixed scale."""

    SQL_TYPE = "NUMERIC"

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]


def empty_array(element: str) -> SqlDefault:
    """Return the default of an array column: empty, never null."""
    return SqlDefault(f"'{{}}'::{element}[]")


class Row(Model):
    """One id space for all rows: an id never means two things, and COPY can take a block of ids ahead."""

    id = fields.BigIntField(primary_key=True, generated=False, db_default=SqlDefault("nextval('hub_id')"))

    class Meta:
        abstract = True


class Golden(Row):
    """What the hub knows of one thing, whichever sources know it. `source_id` and `raw_id` name who says so.

    `code` is unique: the masters' own code, else `<source>:<key>`.
    """

    code = fields.TextField()
    source_id = fields.BigIntField()
    raw_id = fields.BigIntField(null=True)
    fetched_at = fields.DatetimeField(db_default=Now())
    source_updated_at = fields.DatetimeField(null=True)
    source_updated_text = fields.TextField(null=True)
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        abstract = True


class Canonical(Row):
    """A record of one source. `key` is its identity there, `raw_id` the payload it was mapped from."""

    source_id = fields.BigIntField()
    key = fields.TextField()
    raw_id = fields.BigIntField()
    fetched_at = fields.DatetimeField(db_default=Now())
    source_updated_at = fields.DatetimeField(null=True)
    source_updated_text = fields.TextField(null=True)
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        abstract = True
