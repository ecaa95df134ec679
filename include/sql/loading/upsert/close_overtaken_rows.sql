-- Closes the rows held back here whose record a later delivery, read before this one, brought in a version
-- that is as new.
update quarantine.quarantined_row as held
set
    closed_by = staged.submission_id,
    closed_at = now()
from {versions} as staged
where
    held.submission_id = %(submission_id)s
    and held.closed_by is null
    and {same_row_key}
    and (held.version_on is null or staged.{newest} >= held.version_on)
    and staged.received_seq > %(received_seq)s;
