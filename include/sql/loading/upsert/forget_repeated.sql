-- Repeated versions that no waiting delivery can come before any more; the version that they repeat counts
-- from the earliest of their periods on.
with forgotten as (
    delete from {repeated} as version
    where
        not exists (
            select
            from ledger.delivery
            where
                delivery.feed = %(feed)s
                and delivery.verdict is null
                and delivery.delivery_id <> %(delivery_id)s
                and delivery.received_seq < version.received_seq
        )
    returning {version_repeated}
),

earliest as (
    select
        {repeats_key},
        version.received_seq,
        min(staged.period) as period
    from forgotten as staged
    left join lateral (
        select max(before.received_seq) as received_seq
        from (
            select version.received_seq
            from {core} as version
            where {same_key} and staged.{newest} = version.{newest}
            union all
            select version.received_seq
            from {history} as version
            where {same_key} and staged.{newest} = version.{newest}
        ) as before
        where before.received_seq < staged.received_seq
    ) as version on true
    group by {repeats_key}, version.received_seq
),

moved as (
    update {core} as version
    set period = staged.period
    from earliest as staged
    where {same_key} and staged.received_seq = version.received_seq and staged.period < version.period
),

-- The marts of these periods were computed while the version counted from a later one on.
marked as (
    insert into ledger.mart_refresh (feed, period)
    select distinct
        %(feed)s,
        period
    from earliest
    on conflict (feed, period) do update set marked_at = now()
)

update {history} as version
set period = staged.period
from earliest as staged
where {same_key} and staged.received_seq = version.received_seq and staged.period < version.period;
