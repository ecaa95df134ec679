-- One row per issue of a submission, those of the whole file first, then those of the rows with errors, then
-- those of the rows that have warnings only, in the order of the rows.
select
    sheet,
    source_row,
    column_name,
    code,
    severity,
    rule,
    value,
    details
from ledger.issue
where submission_id = %(submission_id)s
order by
    source_row is not null,
    min(severity) over (partition by sheet, source_row),
    sheet nulls first,
    source_row,
    issue_id
limit %(kept)s;
