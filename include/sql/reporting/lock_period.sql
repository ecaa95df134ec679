-- Closes a period that is open.
insert into ledger.period_lock (feed, period, reason, locked_by)
values (%(feed)s, %(period)s, %(reason)s, %(by)s)
on conflict (feed, period) where unlocked_at is null do nothing
returning lock_id;
