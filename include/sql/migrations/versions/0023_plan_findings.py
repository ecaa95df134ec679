"""What the audit of the plan finds, and the rules that look for it."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file, then let its view pass comments on."""
    own = Path(__file__).with_suffix(".sql")
    for script in (own, own.parents[1] / "pass_comments_on.sql"):
        op.get_bind().connection.driver_connection.execute(script.read_text(encoding="utf-8"))
