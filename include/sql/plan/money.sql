-- What each solution of each target needs and what is budgeted for it, in million VND; a need that nobody has
-- said is null. A solution that serves several targets says of how many.
with link as (
    select
        solution_code,
        document_code,
        indicator_code,
        geography_code,
        target_year,
        count(*) over (partition by solution_code) as target_count
    from mart.bridge_solution_target
),

need as (
    select
        solution_code,
        sum(needed_vnd_m) as needed_vnd_m
    from mart.fct_budget_need
    group by solution_code
),

budget as (
    select
        solution_code,
        sum(amount_vnd_m) as budget_vnd_m
    from mart.fct_budget_line
    group by solution_code
)

select
    link.document_code,
    link.indicator_code,
    link.geography_code,
    link.target_year,
    link.solution_code,
    link.target_count,
    need.needed_vnd_m,
    coalesce(budget.budget_vnd_m, 0) as budget_vnd_m,
    solution.sureness
from link
inner join mart.dim_solution as solution on link.solution_code = solution.solution_code
left join need on link.solution_code = need.solution_code
left join budget on link.solution_code = budget.solution_code
order by link.document_code, link.indicator_code, link.geography_code, link.target_year, link.solution_code;
