"""Everything that can be changed. Root fields run one after the other, each in its own transaction."""

import strawberry

from schema.account import UserMutation
from schema.acknowledgement import AlertMutation
from schema.alert_route import AlertRouteMutation
from schema.backtest import BacktestMutation
from schema.casework import CaseMutation
from schema.detection import DetectionMutation
from schema.evidence_freeze import EvidenceMutation
from schema.policy_version import PolicyMutation
from schema.source_change import SourceMutation
from schema.sync_request import SyncMutation
from schema.territory_grant import TerritoryGrantMutation
from schema.token import TokenMutation
from schema.trusted_document import TrustedDocumentMutation
from schema.unit_mapping import UnitMappingMutation
from schema.upload import UploadMutation


@strawberry.type(
    description="Everything that can be changed. Root fields run one after the other, each in its own transaction; at most 5 "
    "per operation."
)
class Mutation(
    SyncMutation,
    SourceMutation,
    AlertMutation,
    AlertRouteMutation,
    CaseMutation,
    DetectionMutation,
    EvidenceMutation,
    PolicyMutation,
    BacktestMutation,
    TerritoryGrantMutation,
    TokenMutation,
    TrustedDocumentMutation,
    UserMutation,
    UnitMappingMutation,
    UploadMutation,
):
    pass
