"""What each role may do. What it may see is decided row by row in the compiler's policy."""

from collections.abc import Mapping

from schema.context import Role, Viewer
from schema.errors import ErrorCode, HubGraphQLError

EVERYBODY = frozenset(Role)
MANAGERS = frozenset({Role.ADMIN, Role.CHANNEL_MANAGER})

MAY: Mapping[str, frozenset[Role]] = {
    "requestSync": frozenset({Role.ADMIN, Role.CHANNEL_MANAGER, Role.SERVICE}),
    "replayRejects": frozenset({Role.ADMIN, Role.SERVICE}),
    "acknowledgeAlert": frozenset({Role.ADMIN, Role.CHANNEL_MANAGER}),
    "publishPolicy": frozenset({Role.ADMIN, Role.CHANNEL_MANAGER}),
    "runBacktest": frozenset({Role.ADMIN, Role.ANALYST}),
    "acceptUnitMapping": frozenset({Role.ADMIN, Role.CHANNEL_MANAGER}),
    "openCase": MANAGERS,
    "fileCase": frozenset({Role.PARTNER}),
    "assignCase": MANAGERS,
    "nameMediator": frozenset({Role.ADMIN}),
    "advanceCase": MANAGERS | {Role.ANALYST},
    "dismissCase": MANAGERS,
    "commentCase": MANAGERS | {Role.ANALYST, Role.PARTNER},
    "replyToCase": frozenset({Role.PARTNER}),
    "attachToCase": MANAGERS | {Role.ANALYST, Role.PARTNER},
    "proposeNotice": MANAGERS,
    "proposeDisclosure": MANAGERS,
    "approveNotice": MANAGERS,
    "decideApproval": MANAGERS,
    "createToken": frozenset({Role.ADMIN}),
    "revokeToken": EVERYBODY,  # its own; only an admin that of another
    "upsertUser": frozenset({Role.ADMIN}),
    "deactivateUser": frozenset({Role.ADMIN}),
    "setPreferences": EVERYBODY,  # its own; only an admin those of another
    "upsertRoute": frozenset({Role.ADMIN}),
    "deleteRoute": frozenset({Role.ADMIN}),
    "registerTrustedDocuments": frozenset({Role.ADMIN}),
    "upsertTerritoryGrant": MANAGERS,
    "requestUpload": frozenset({Role.ADMIN}),
    "importUpload": frozenset({Role.ADMIN}),
    "upsertSource": frozenset({Role.ADMIN}),
    "deleteSource": frozenset({Role.ADMIN}),
    "pauseSource": frozenset({Role.ADMIN}),
    "resumeSource": frozenset({Role.ADMIN}),
    "checkSource": frozenset({Role.ADMIN}),
    "testRoute": frozenset({Role.ADMIN}),
    "replaySource": frozenset({Role.ADMIN, Role.SERVICE}),
    "requestDetection": frozenset({Role.ADMIN, Role.SERVICE}),
    "freezeEvidence": MANAGERS,
}

# In production the schema itself, and queries that stand in an address, are for those who write queries.
DEVELOPERS = frozenset({Role.ADMIN, Role.ANALYST})


def demand(viewer: Viewer, mutation: str) -> None:
    """Refuse a mutation that is not for the viewer's role."""
    if viewer.role not in MAY[mutation]:
        raise HubGraphQLError(f"The role {viewer.role.name} may not call {mutation}.", ErrorCode.FORBIDDEN, field=mutation)
