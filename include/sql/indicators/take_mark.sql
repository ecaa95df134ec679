-- A mark that a load is renewing at this moment is passed over: its transaction may take long, and the mark
-- stays for the next round.
with mark as (
    select
        feed,
        period
    from ledger.mart_refresh
    where feed = %(feed)s and period = %(period)s
    for update skip locked
)

delete from ledger.mart_refresh
using mark
where mart_refresh.feed = mark.feed and mart_refresh.period = mark.period
returning mart_refresh.feed, mart_refresh.period;
