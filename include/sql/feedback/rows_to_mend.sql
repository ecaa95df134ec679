-- One row per issue of the rows of a text file that have errors or, where no row has any, that have warnings,
-- in the order of the rows.
select
    sheet,
    source_row,
    column_name,
    code,
    severity,
    rule,
    value,
    details
from (
    select
        issue.*,
        min(issue.severity) over (partition by issue.source_row) as worst
    from ledger.issue
    inner join ledger.delivery on issue.submission_id = delivery.submission_id
    where delivery.delivery_id = %(delivery_id)s and issue.source_row is not null
) as of_row
where worst = 'critical' or not %(has_errors)s
order by source_row, issue_id;
