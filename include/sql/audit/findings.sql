-- What the audit found, the gravest rules first.
select
    found.rule,
    found.subject,
    found.severity,
    found.targets,
    found.documents,
    found.message_vi,
    found.message_en,
    found.evidence
from mart.fct_plan_finding as found
inner join mart.dim_plan_rule as checked on found.rule = checked.rule
order by checked.position, found.subject;
