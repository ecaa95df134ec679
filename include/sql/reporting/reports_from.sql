-- The reports of some feeds from a day on that have facts, but for the one that changed.
select distinct
    feed,
    period
from mart.fct_report
where
    feed = any(%(feeds)s)
    and period_end_on >= %(period_end_on)s
    and (feed, period) <> (%(feed)s, %(period)s)
order by feed, period;
