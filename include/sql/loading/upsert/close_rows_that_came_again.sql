-- Closes the open rows, of earlier deliveries, whose record this one brings again, good or bad.
update quarantine.quarantined_row as held
set
    closed_by = %(submission_id)s,
    closed_at = now()
from {staged} as staged, ledger.delivery as earlier
where
    held.feed = %(feed)s
    and held.closed_by is null
    and held.submission_id <> %(submission_id)s
    and {same_row_key}
    and earlier.submission_id = held.submission_id
    and earlier.verdict <> 'duplicate'
    and earlier.received_seq < %(received_seq)s;
