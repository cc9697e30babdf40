"""What an author of a connector needs, in one import."""

from connectors.base import Catalog, CheckResult, Connector, Context
from hub.errors import MappingError
from hub.records.message import Checkpoint, Message, Place, Record, Reject, State, SyncMode, Tombstone, Window
from hub.records.source import Stream

__all__ = [
    "Catalog",
    "CheckResult",
    "Checkpoint",
    "Connector",
    "Context",
    "MappingError",
    "Message",
    "Place",
    "Record",
    "Reject",
    "State",
    "Stream",
    "SyncMode",
    "Tombstone",
    "Window",
]
