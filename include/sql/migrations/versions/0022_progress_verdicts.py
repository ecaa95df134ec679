"""What the values say of each target: paces, projection, verdict."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file; views pass comments on before others take them up."""
    own = Path(__file__).with_suffix(".sql")
    comments = own.parents[1] / "pass_comments_on.sql"
    for script in (own, comments, own.with_name("0022_vietnamese_progress.sql")):
        op.get_bind().connection.driver_connection.execute(script.read_text(encoding="utf-8"))
