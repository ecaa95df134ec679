-- Whether deliveries of the feed that came earlier still wait, and whether later ones, or ones of a later
-- period, are loaded already.
select
    exists(
        select
        from ledger.delivery
        where feed = %(feed)s and verdict is null and received_seq < %(received_seq)s
    ) as earlier_waits,
    exists(
        select
        from ledger.delivery
        where feed = %(feed)s and rows_new is not null and received_seq > %(received_seq)s
    ) as later_loaded,
    exists(
        select
        from ledger.submission
        where feed = %(feed)s and state = 'loaded' and period > %(period)s
    ) as later_period_loaded;
