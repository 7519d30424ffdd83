"""The engine room: the minute tick, the ledger, the journal, recovery, the sending loop, and the bell that wakes it."""
