-- The next deliveries of a reporting unit that have no verdict, in the order of arrival.
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
where
    verdict is null
    and feed = %(feed)s
    and reporting_unit = %(reporting_unit)s
order by received_seq
limit %(maximum)s;
