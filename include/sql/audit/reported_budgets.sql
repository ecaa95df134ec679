-- Money reported for the plan's solutions, year by year.
select
    extract(year from period_end_on)::integer as year,
    period_end_on,
    target_code,
    solution_code,
    source as fund,
    planned_vnd_m,
    allocated_vnd_m,
    disbursed_vnd_m,
    submission_id,
    source_row
from mart.fct_plan_budget
order by period_end_on, solution_code, target_code, source;
