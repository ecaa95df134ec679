-- The feeds and reporting units that have deliveries without a verdict.
select
    feed,
    reporting_unit,
    count(*) as deliveries
from ledger.delivery
where verdict is null
group by feed, reporting_unit
order by min(received_seq);
