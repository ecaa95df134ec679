-- Marks that nobody has renewed since they were read. One that a load is renewing at this moment is passed
-- over: its transaction may take long, and the mark stays for the next round.
with mark as (
    select
        stored.feed,
        stored.period
    from ledger.mart_refresh as stored
    inner join unnest(%(periods)s::text[], %(versions)s::text[]) as computed (period, version)
        on stored.period = computed.period and stored.xmin::text = computed.version
    where stored.feed = %(feed)s
    for update of stored skip locked
)

delete from ledger.mart_refresh
using mark
where mart_refresh.feed = mark.feed and mart_refresh.period = mark.period;
