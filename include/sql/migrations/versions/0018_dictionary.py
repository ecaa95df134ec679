"""Quality of deliveries, the dictionary of the marts, and views in Vietnamese."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    for name in ("0018_dictionary.sql", "0018_vietnamese_views.sql"):
        script = Path(__file__).with_name(name).read_text(encoding="utf-8")
        op.get_bind().connection.driver_connection.execute(script)
