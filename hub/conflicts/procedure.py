"""The steps of a case: what follows what, who may take it there, and how many business days it may stay."""

from collections.abc import Mapping

from msgspec import Struct

MANAGERS = frozenset({"admin", "channel_manager"})
DISMISSALS = (
    "promotion", "border", "return", "drop_ship", "tax", "currency", "unit", "timing", "identity", "authorised_exception",
)  # fmt: skip
# The partner has so many business days to comment before anything is said of the outcome.
REPLY_DAYS = 5
# Nobody took it up for so many days: the case ends by itself.
EXPIRY_DAYS = 30
EXPIRING = frozenset({"detected", "triaged"})


class Step(Struct, frozen=True, kw_only=True):
    """One state: the states that may follow, who may bring a case into it, and its business days when no policy says others.

    `reasoned` says that whoever brings a case here has to say why.
    """

    following: tuple[str, ...]
    brought_by: frozenset[str] = MANAGERS
    days: int | None = None
    reasoned: bool = False


STEPS: Mapping[str, Step] = {
    "detected": Step(following=("triaged", "closed"), brought_by=frozenset(), days=2),
    "triaged": Step(following=("reported", "closed"), brought_by=MANAGERS | {"analyst"}, days=3),
    "reported": Step(following=("investigating", "closed"), days=2, reasoned=True),
    "investigating": Step(following=("negotiating", "closed"), days=10),
    "negotiating": Step(following=("investigating", "mediation", "arbitration", "closed"), days=15),
    "mediation": Step(following=("arbitration", "closed"), brought_by=frozenset({"admin"}), days=20),
    "arbitration": Step(following=("closed",), brought_by=frozenset({"admin"}), days=30),
    "closed": Step(following=(), reasoned=True),
}


def moves(state: str, role: str) -> tuple[str, ...]:
    """Return the states a role may bring a case into from a state."""
    return tuple(to for to in STEPS[state].following if role in STEPS[to].brought_by)


def goes_back(state: str, to: str) -> bool:
    """Say whether a move returns to an earlier state."""
    order = list(STEPS)
    return order.index(to) < order.index(state)
