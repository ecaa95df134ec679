-- The marts of this feed and period must be computed again.
insert into ledger.mart_refresh (feed, period)
values (%(feed)s, %(period)s)
on conflict (feed, period) do update set marked_at = now();
