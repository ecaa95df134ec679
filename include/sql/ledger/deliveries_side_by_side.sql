-- Waiting deliveries that may be decided in any order; the same bytes again wait for the first of them, since
-- its verdict may make them a duplicate.
select
    delivery_id,
    size_bytes
from ledger.delivery
where
    verdict is null
    and feed = %(feed)s
    and reporting_unit = %(reporting_unit)s
    and (size_bytes > %(small_bytes)s) = %(large)s
    and not exists (
        select
        from ledger.delivery as earlier
        where
            earlier.verdict is null
            and earlier.feed = delivery.feed
            and earlier.sha256 = delivery.sha256
            and earlier.received_seq < delivery.received_seq
    )
order by received_seq
limit %(maximum)s;
