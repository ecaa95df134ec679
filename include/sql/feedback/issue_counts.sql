-- One row per severity, column and code among a submission's issues, the most frequent errors first.
select
    severity,
    column_name,
    code,
    count(*)::int as issues
from ledger.issue
where submission_id = %(submission_id)s
group by severity, column_name, code
order by severity asc, issues desc, column_name asc, code asc;
