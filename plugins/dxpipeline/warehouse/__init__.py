"""The warehouse: connections, migrations, roles, the ledger, the embedded server."""
