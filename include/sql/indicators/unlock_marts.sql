select pg_advisory_unlock(hashtext('dxpipeline.marts'));
