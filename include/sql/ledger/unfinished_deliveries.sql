-- Deliveries that have a verdict and still lack their answer or their place in the archive.
select delivery_id
from ledger.delivery
where verdict is not null and archived_at is null
order by received_seq;
