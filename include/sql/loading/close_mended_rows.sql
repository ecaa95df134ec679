-- Closes the rows that a mend brings again: first those of the same key, then, one for one and in the order
-- of the rows, those whose own key was missing or at fault, since their mended key is a new one.
with mend as (
    select
        brought.row_key,
        brought.ordinal
    from unnest(%(row_keys)s::text[]) with ordinality as brought (row_key, ordinal)
),

open_row as (
    select
        submission_id,
        sheet,
        source_row,
        array_to_string(row_key, chr(31)) as row_key,
        row_key is null or cells ?| %(key_columns)s::text[] as key_at_fault
    from quarantine.quarantined_row
    where
        feed = %(feed)s
        and reporting_unit = %(reporting_unit)s
        and period = %(period)s
        and submission_id <> %(submission_id)s
        and closed_by is null
),

same_key as (
    select open_row.*
    from open_row
    where open_row.row_key in (select mend.row_key from mend)
),

new_key as (
    select
        mend.row_key,
        row_number() over (order by mend.ordinal) as position
    from mend
    where mend.row_key is not null and mend.row_key not in (select same_key.row_key from same_key)
),

without_key as (
    select
        open_row.submission_id,
        open_row.sheet,
        open_row.source_row,
        row_number() over (order by open_row.submission_id, open_row.sheet, open_row.source_row) as position
    from open_row
    where
        open_row.key_at_fault
        and not exists (
            select 1
            from same_key
            where
                same_key.submission_id = open_row.submission_id
                and same_key.sheet = open_row.sheet
                and same_key.source_row = open_row.source_row
        )
),

mended as (
    select
        submission_id,
        sheet,
        source_row
    from same_key
    union all
    select
        without_key.submission_id,
        without_key.sheet,
        without_key.source_row
    from without_key
    inner join new_key on without_key.position = new_key.position
)

update quarantine.quarantined_row as held
set
    closed_by = %(submission_id)s,
    closed_at = now()
from mended
where
    held.submission_id = mended.submission_id
    and held.sheet = mended.sheet
    and held.source_row = mended.source_row;
