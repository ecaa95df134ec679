-- How often each rule of the audit found something.
select
    rule,
    severity,
    title_vi,
    title_en,
    finding_count as findings
from mart.plan_finding_count
order by position;
