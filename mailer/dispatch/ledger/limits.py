"""The settings and the times that the ledger keeps to, and whoever claims with it."""

from dataclasses import dataclass

LEASE_S = 60
# of the claimant's own clock: a body begun later might meet another worker's recovery
FENCE_S = LEASE_S - 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Clients a day for an owner who is not trusted yet; percent of refusals that hold a run. 0 = off."""

    new_user_daily_limit: int = 0
    refused_brake_percent: int = 0
