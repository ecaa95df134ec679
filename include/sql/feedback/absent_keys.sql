-- One row per key that the replacing submission quarantined: the period's current state lacks it.
select
    row_key,
    min(source_row) as first_row
from quarantine.quarantined_row
where
    submission_id = %(submission_id)s
    and closed_by is null
    and row_key is not null
    and exists (
        select 1 from ledger.submission as earlier
        where earlier.superseded_by = %(submission_id)s
    )
    and exists (
        select 1 from ledger.submission as own
        where own.submission_id = %(submission_id)s and own.is_current
    )
group by row_key
order by first_row;
