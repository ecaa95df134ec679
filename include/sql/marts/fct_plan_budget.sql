-- grain: target × solution × source of money × period
-- stage: fact
-- feeds: plan_budget
-- parameters: period, period_end_on
-- replaces: mart.fct_plan_budget where period = %(period)s
insert into mart.fct_plan_budget (
    period, target_code, solution_code, source, period_end_on, planned_vnd_m, allocated_vnd_m,
    disbursed_vnd_m, submission_id, source_sheet, source_row
)
select
    period,
    target_code,
    solution_code,
    source,
    %(period_end_on)s,
    planned_vnd_m,
    allocated_vnd_m,
    disbursed_vnd_m,
    submission_id,
    source_sheet,
    source_row
from core.plan_budget
where is_current and period = %(period)s;
