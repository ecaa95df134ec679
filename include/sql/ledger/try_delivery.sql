-- Whether this worker holds the delivery now; released with the connection, also when the worker dies.
select pg_try_advisory_lock(hashtext('dxpipeline.delivery'), %(delivery_id)s::integer);
