"""Intake: wait until a file stands still, claim it by an atomic rename, write it into the ledger."""
