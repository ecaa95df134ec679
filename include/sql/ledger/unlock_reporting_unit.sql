select pg_advisory_unlock(hashtext('dxpipeline.unit'), hashtext(%(feed)s || '/' || %(reporting_unit)s));
