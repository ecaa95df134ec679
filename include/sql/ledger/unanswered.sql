-- Deliveries with a verdict and without an answer.
select
    delivery_id,
    file_name,
    verdict,
    decided_at
from ledger.delivery
where verdict is not null and answered_at is null
order by received_seq;
