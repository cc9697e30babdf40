"""Where users rest."""

from tortoise import fields

from hub.store.base import ArrayField, Now, Row, empty_array


class UserRow(Row):
    """A person. What is assigned bounds what a channel manager sees; nothing assigned, nothing seen."""

    email = fields.TextField()
    name = fields.TextField()
    roles = ArrayField("text", db_default=empty_array("text"))
    partner_id = fields.BigIntField(null=True)
    partner_ids = ArrayField("bigint", db_default=empty_array("bigint"))
    region_ids = ArrayField("bigint", db_default=empty_array("bigint"))
    product_groups = ArrayField("text", db_default=empty_array("text"))
    locale = fields.TextField(db_default="en")
    time_zone = fields.TextField(db_default="UTC")
    active = fields.BooleanField(db_default=True)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "hub_user"
        unique_together = (("email",),)
