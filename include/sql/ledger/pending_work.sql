-- The feeds and reporting units that have deliveries without a verdict; large files of upsert feeds apart.
select
    feed,
    reporting_unit,
    feed = any(%(upsert_feeds)s) and size_bytes > %(small_bytes)s as large,
    count(*) as deliveries
from ledger.delivery
where verdict is null
group by feed, reporting_unit, large
order by large, min(received_seq);
