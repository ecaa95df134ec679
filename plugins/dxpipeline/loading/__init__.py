"""Loading: rows into core, quarantine and ledger in one transaction."""
