-- Attempts that were killed or failed. The caller holds the delivery, or its reporting unit where that is
-- drained in order, so none of them is still alive.
-- One that the database server did not survive was ended by that, not by the file.
select count(*)
from ledger.attempt
where
    delivery_id = %(delivery_id)s
    and (error is not null or (finished_at is null and server_started_at = pg_postmaster_start_time()));
