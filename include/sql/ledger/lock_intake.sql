-- One claim at a time, so that received_seq is the order in which claims become visible.
select pg_advisory_xact_lock(hashtext('dxpipeline.intake'));
