"""The queue's tasks. They carry ids only; a lost or doubled one harms nothing."""

from huey import Huey


def register(huey: Huey) -> Huey:
    """Hang our tasks on this process's queue and hand it back."""
    return huey
