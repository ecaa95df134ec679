-- The feeds and periods whose marts must be computed again: the feed that waits longest first, its periods in
-- their order.
select
    feed,
    period
from ledger.mart_refresh
order by min(marked_at) over (partition by feed), feed, period;
