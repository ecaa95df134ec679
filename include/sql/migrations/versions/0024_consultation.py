"""Comments on drafts put together by target and by department."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file, then give the columns that views pass on what they mean."""
    own = Path(__file__).with_suffix(".sql")
    for script in (own, own.parents[1] / "pass_comments_on.sql"):
        op.get_bind().connection.driver_connection.execute(script.read_text(encoding="utf-8"))
