-- Closes the open rows, of earlier deliveries, whose record is held back here too, in a version that is as
-- new.
update quarantine.quarantined_row as held
set
    closed_by = %(submission_id)s,
    closed_at = now()
from quarantine.quarantined_row as again, ledger.delivery as earlier
where
    again.submission_id = %(submission_id)s
    and again.feed = held.feed
    and again.row_key = held.row_key
    and held.closed_by is null
    and (held.version_on is null or again.version_on >= held.version_on)
    and earlier.submission_id = held.submission_id
    and earlier.verdict <> 'duplicate'
    and earlier.received_seq < %(received_seq)s;
