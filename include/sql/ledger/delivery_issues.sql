-- The issues of one delivery.
select
    delivery.feed,
    delivery.reporting_unit,
    submission.period,
    delivery.delivery_id,
    delivery.file_name,
    issue.sheet,
    issue.source_row,
    issue.column_name,
    issue.code,
    issue.severity,
    issue.value,
    issue.details
from ledger.delivery
inner join ledger.submission on delivery.submission_id = submission.submission_id
inner join ledger.issue on submission.submission_id = issue.submission_id
where delivery.delivery_id = %(delivery_id)s
order by issue.source_row, issue.issue_id;
