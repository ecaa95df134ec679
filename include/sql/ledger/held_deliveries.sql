-- Of the deliveries that a worker holds those that have no verdict, in the order of arrival.
select
    delivery_id,
    received_seq,
    received_at,
    department_code,
    feed,
    reporting_unit,
    file_name,
    claim_token,
    sha256,
    size_bytes
from ledger.delivery
where verdict is null and delivery_id = any(%(delivery_ids)s)
order by received_seq;
