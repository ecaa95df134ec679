-- Revenue of the S&T enterprises in force in the latest period reported; no row where none were reported.
select
    period,
    count(*) as enterprises,
    sum(revenue_vnd_m) as revenue_vnd_m,
    sum(st_revenue_vnd_m) as st_revenue_vnd_m,
    array_agg(distinct submission_id order by submission_id) as submission_ids
from mart.fct_st_enterprise
where in_force
group by period
order by max(period_end_on) desc
limit 1;
