-- The feeds and periods whose marts must be computed again, the longest waiting first.
select
    feed,
    period
from ledger.mart_refresh
order by marked_at, feed, period;
