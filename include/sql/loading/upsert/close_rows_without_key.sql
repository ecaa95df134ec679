-- Closes rows of a submission that its mended copy brings again, under keys which they did not have: as many
-- as the copy has rows that say something new, or are held back, under no key that was held back before.
with held as (
    select
        sheet,
        source_row,
        row_key,
        closed_by,
        row_key is null or cells ?| %(key_columns)s::text[] as key_at_fault
    from quarantine.quarantined_row
    where submission_id = {mended}
),

brought as (
    select {key_texts} as row_key
    from {core} as version
    where version.submission_id = %(submission_id)s
    union all
    select {key_texts} as row_key
    from {history} as version
    where version.submission_id = %(submission_id)s
    union all
    select row_key
    from quarantine.quarantined_row
    where submission_id = %(submission_id)s
),

new_key as (
    select brought.row_key
    from brought
    left join held on brought.row_key = held.row_key
    where held.source_row is null
),

without_key as (
    select
        sheet,
        source_row,
        row_number() over (order by sheet, source_row) as position
    from held
    where closed_by is null and key_at_fault
)

update quarantine.quarantined_row as mended
set
    closed_by = %(submission_id)s,
    closed_at = now()
from without_key
where
    mended.submission_id = {mended}
    and mended.sheet = without_key.sheet
    and mended.source_row = without_key.source_row
    and without_key.position <= (select count(*) from new_key);
