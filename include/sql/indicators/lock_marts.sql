-- One refresh at a time; released at its end, or with the connection.
select pg_advisory_lock(hashtext('dxpipeline.marts'));
