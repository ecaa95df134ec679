select coalesce(max(attempt_id), 0)
from ledger.attempt;
