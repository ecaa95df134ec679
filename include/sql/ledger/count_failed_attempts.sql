-- Attempts that were killed or failed. The caller holds the reporting unit, so none of them is still alive.
select count(*)
from ledger.attempt
where delivery_id = %(delivery_id)s and (finished_at is null or error is not null);
