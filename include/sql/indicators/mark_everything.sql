-- Every period that a feed of today reported or that has values is to be computed again.
insert into ledger.mart_refresh (feed, period)
select
    feed,
    period
from ledger.submission
where feed = any(%(feeds)s) and state = 'loaded' and period is not null
union
select
    indicator.feed,
    measured.period
from mart.fct_indicator_value as measured
inner join mart.dim_indicator as indicator on measured.indicator_code = indicator.indicator_code
where indicator.feed = any(%(feeds)s)
on conflict do nothing;
