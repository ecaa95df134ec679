"""Quality of deliveries, the dictionary of the marts, and views in Vietnamese."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file."""
    for name in ("0025_dictionary.sql", "0025_vietnamese_views.sql"):
        script = Path(__file__).with_name(name).read_text(encoding="utf-8")
        op.get_bind().connection.driver_connection.execute(script)
