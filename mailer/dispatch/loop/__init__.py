"""The sending loop of one process: windows from the ledger in, letters to the wire, results back to the ledger."""
