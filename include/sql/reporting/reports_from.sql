-- The reports of a feed from a day on that have facts, but for the one that changed.
select distinct
    feed,
    period
from mart.fct_report
where
    feed = %(feed)s
    and period_end_on >= %(period_end_on)s
    and period <> %(period)s
order by feed, period;
