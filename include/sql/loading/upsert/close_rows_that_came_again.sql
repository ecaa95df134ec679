-- Closes the open rows, of earlier deliveries, whose record this one brings again, in a version that is as
-- new.
update quarantine.quarantined_row as held
set
    closed_by = %(submission_id)s,
    closed_at = now()
from {staged} as staged, ledger.delivery as earlier
where
    held.feed = %(feed)s
    and held.closed_by is null
    and {same_row_key}
    and (held.version_on is null or staged.{newest} >= held.version_on)
    and earlier.submission_id = held.submission_id
    and earlier.verdict <> 'duplicate'
    and earlier.received_seq < %(received_seq)s;
