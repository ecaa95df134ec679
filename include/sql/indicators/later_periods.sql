-- The reported periods of an upsert feed after one: a version of the one counts in all of them.
select distinct period
from ledger.submission
where feed = %(feed)s and state = 'loaded' and period > %(period)s;
