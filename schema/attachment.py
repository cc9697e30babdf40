"""CaseAttachment: a file somebody added to a case. Its bytes are fetched by its address."""

from datetime import datetime

import strawberry

from schema.compiler.catalog import column, one, table
from schema.node import GLOBAL_ID, Actor, Node


@table("attachment", only="{case_id} IS NOT NULL")
@strawberry.type(description="A file that was added to a case.")
class CaseAttachment(Node):
    id: strawberry.ID = column("id", GLOBAL_ID)
    name: str = column("name", "Name of the file.")
    media_type: str = column("media_type", "What it is: `application/pdf`.")
    size: int = column("size", "How many bytes it has.")
    sha256: str = column("sha256", "SHA-256 over its bytes, 64 hexadecimal digits.")
    sent_by: Actor | None = one("sent_by", "Who sent it.")
    sent_at: datetime = column("sent_at", "When it was sent.")
    visible_to_partner: bool = column("visible_to_partner", "Whether the partner may read it.")
    path: str = column(
        "'/attachments/' || hub_global_id('CaseAttachment', {id})",
        "Where its bytes are: GET with the same token.",
        always=True,
    )
