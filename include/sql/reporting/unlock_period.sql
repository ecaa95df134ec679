-- Opens a period that is closed.
update ledger.period_lock
set
    unlocked_at = now(),
    unlocked_by = %(by)s
where feed = %(feed)s and period = %(period)s and unlocked_at is null
returning lock_id;
