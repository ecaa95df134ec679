-- Closes the rows held back here whose record is held back, in a version that is as new, of a later delivery
-- that was read before this one.
update quarantine.quarantined_row as held
set
    closed_by = again.submission_id,
    closed_at = now()
from quarantine.quarantined_row as again, ledger.delivery as later
where
    held.submission_id = %(submission_id)s
    and held.closed_by is null
    and again.feed = held.feed
    and again.row_key = held.row_key
    and (held.version_on is null or again.version_on >= held.version_on)
    and later.submission_id = again.submission_id
    and later.verdict <> 'duplicate'
    and later.received_seq > %(received_seq)s;
