-- Deliveries by feed and verdict.
select
    feed,
    verdict,
    count(*) as deliveries
from ledger.delivery
where verdict is not null
group by feed, verdict
order by feed, verdict;
