-- What each solution of each target needs and what is budgeted for it, in million VND; a need that nobody has
-- said is null. A solution that serves several targets says of how many. One that serves the indicator in
-- another document that stands serves the target too; its money belongs to that document.
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

served as (
    select
        link.*,
        link.document_code as solution_document_code
    from link
    union all
    select distinct
        link.solution_code,
        target.document_code,
        target.indicator_code,
        target.geography_code,
        target.target_year,
        link.target_count,
        link.document_code as solution_document_code
    from mart.dim_target as target
    inner join link
        on target.indicator_code = link.indicator_code and target.document_code <> link.document_code
    inner join mart.dim_document as document on link.document_code = document.document_code
    where document.status <> 'replaced'
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
    served.document_code,
    served.indicator_code,
    served.geography_code,
    served.target_year,
    served.solution_code,
    served.solution_document_code,
    served.target_count,
    need.needed_vnd_m,
    coalesce(budget.budget_vnd_m, 0) as budget_vnd_m,
    solution.sureness
from served
inner join mart.dim_solution as solution on served.solution_code = solution.solution_code
left join need on served.solution_code = need.solution_code
left join budget on served.solution_code = budget.solution_code
order by
    served.document_code,
    served.indicator_code,
    served.geography_code,
    served.target_year,
    served.solution_code;
