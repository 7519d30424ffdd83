"""The settings that the ledger keeps to."""

from dataclasses import dataclass

LEASE_S = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """Clients a day for an owner who is not trusted yet; percent of refusals that hold a run. 0 = off."""

    new_user_daily_limit: int = 0
    refused_brake_percent: int = 0
