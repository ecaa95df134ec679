-- Feeds and periods whose marts are to be computed again.
select
    feed,
    period,
    marked_at
from ledger.mart_refresh
order by feed, period;
