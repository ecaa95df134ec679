-- One row per issue of a submission, the whole file's first, then in the order of the rows.
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
order by source_row is not null, sheet nulls first, source_row, issue_id
limit %(kept)s;
