-- The feeds and reporting units that have deliveries without a verdict; large files of upsert feeds apart.
-- Free are those that a worker could take: no other one holds them, nor the same bytes that came before.
with held as (
    select objid::bigint as delivery_id
    from pg_locks
    inner join pg_database on pg_locks.database = pg_database.oid
    where
        locktype = 'advisory'
        and granted
        and datname = current_database()
        and classid = hashtext('dxpipeline.delivery')::oid
),

waiting as (
    select
        feed,
        reporting_unit,
        received_seq,
        feed = any(%(upsert_feeds)s) and size_bytes > %(small_bytes)s as large,
        bool_or(delivery_id in (select held.delivery_id from held)) over (
            partition by feed, sha256
            order by received_seq
        ) as held
    from ledger.delivery
    where verdict is null
)

select
    feed,
    reporting_unit,
    large,
    count(*) as deliveries,
    count(*) filter (where not held) as free
from waiting
group by feed, reporting_unit, large
order by large, min(received_seq);
