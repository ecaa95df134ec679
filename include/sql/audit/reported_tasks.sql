-- Who leads and pays the research tasks of the latest period; no row where none were reported.
select
    period,
    count(*) as tasks,
    count(*) filter (where lead_is_enterprise) as led_by_enterprises,
    sum(budget_state_vnd_m) as state_vnd_m,
    sum(budget_enterprise_vnd_m) as enterprise_vnd_m,
    array_agg(distinct submission_id order by submission_id) as submission_ids
from mart.fct_research_task
group by period
order by max(period_end_on) desc
limit 1;
