-- One worker at a time drains a reporting unit; released with the connection, also when the worker dies.
select pg_advisory_lock(hashtext('dxpipeline.unit'), hashtext(%(feed)s || '/' || %(reporting_unit)s));
