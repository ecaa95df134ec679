-- Closes the open rows, of earlier deliveries, whose record this one brings again, good or bad, in a version
-- that is as new. They are few beside the staged rows, which are not even read where there are none.
with open_row as materialized (
    select
        held.submission_id,
        held.sheet,
        held.source_row,
        held.row_key,
        held.version_on
    from quarantine.quarantined_row as held
    inner join ledger.delivery as earlier on held.submission_id = earlier.submission_id
    where
        held.feed = %(feed)s
        and held.closed_by is null
        and cardinality(held.row_key) = cardinality(%(key_columns)s::text[])
        and earlier.verdict <> 'duplicate'
        and earlier.received_seq < %(received_seq)s
),

settled as (
    select
        held.submission_id,
        held.sheet,
        held.source_row
    from open_row as held
    inner join {staged} as staged on {same_row_key}
    where held.version_on is null or staged.{newest} >= held.version_on
    union all
    select
        held.submission_id,
        held.sheet,
        held.source_row
    from open_row as held
    inner join quarantine.quarantined_row as again on held.row_key = again.row_key
    where
        again.submission_id = %(submission_id)s
        and (held.version_on is null or again.version_on >= held.version_on)
)

update quarantine.quarantined_row as held
set
    closed_by = %(submission_id)s,
    closed_at = now()
from settled
where
    held.submission_id = settled.submission_id
    and held.sheet = settled.sheet
    and held.source_row = settled.source_row;
