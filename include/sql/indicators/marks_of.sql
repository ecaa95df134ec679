-- The mark of a feed and period as it stands now. A version of an upsert feed counts in later periods too, so
-- that their marks come with it.
select
    period,
    xmin::text as version
from ledger.mart_refresh
where feed = %(feed)s and (period = %(period)s or (%(later_too)s and period > %(period)s))
order by period;
