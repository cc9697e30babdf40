"""Messages gathered up to each checkpoint."""

from collections.abc import AsyncIterator
from typing import Any

from connectors.base import Connector, Context
from hub.errors import ConnectorBug, HubError, SourceContradicts
from hub.intake.batch import Batch
from hub.records.message import Checkpoint, Record, Reject, State, Tombstone, Window
from hub.records.source import Stream

# A connector promises a checkpoint every 5,000 messages; a file whose rows are few to a checkpoint may go a little over.
MOST_MESSAGES = 10_000


async def batches(
    connector: Connector[Any], context: Context[Any], stream: Stream, state: State, window: Window
) -> AsyncIterator[Batch]:
    """Yield what each checkpoint stands for. Messages after the last checkpoint are dropped.

    Whatever a connector raises that is no error of ours becomes a ConnectorBug. Raises SourceContradicts when the source
    announced more than it gave, before the last batch is handed out.
    """
    gathered: list[Record | Tombstone | Reject] = []
    received = 0
    complete = False
    messages = connector.read(context, stream, state, window)
    while True:
        try:
            message = await anext(messages, None)
        except HubError:
            raise
        except Exception as error:  # foreign code
            what = f"The connector of {context.source} failed on {stream.name}: {type(error).__name__}: {error}"
            raise ConnectorBug(what) from error
        if message is None:
            break
        if not isinstance(message, Checkpoint):
            gathered.append(message)
            received += 1
            if len(gathered) > MOST_MESSAGES:
                raise ConnectorBug(f"The connector of {context.source} gave {len(gathered)} messages without a checkpoint.")
            continue
        if message.complete and message.announced is not None and received < message.announced:
            raise SourceContradicts(
                f"{context.source} announced {message.announced} records of {stream.name} and gave {received}; "
                "nothing after the last checkpoint was kept, and the next run reads them again."
            )
        complete = complete or message.complete
        batch, gathered = Batch(message, gathered), []
        yield batch
    if not complete:
        raise ConnectorBug(f"The connector of {context.source} ended {stream.name} without saying that it is complete.")
