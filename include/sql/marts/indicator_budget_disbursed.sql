-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: BUDGET_DISBURSED
-- feeds: plan_budget
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'BUDGET_DISBURSED' and period = %(period)s
with counted as (
    select
        submission_id,
        source_sheet,
        source_row,
        target_code as unit_code,
        disbursed_vnd_m > 0 as in_numerator,
        disbursed_vnd_m,
        planned_vnd_m
    from mart.fct_plan_budget
    where period = %(period)s
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'BUDGET_DISBURSED' as indicator_code,
        %(period)s,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        unit_code,
        in_numerator,
        false as quarantined
    from counted
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'BUDGET_DISBURSED' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    sum(disbursed_vnd_m) as numerator,
    sum(planned_vnd_m) as denominator,
    100.0 * sum(disbursed_vnd_m) / nullif(sum(planned_vnd_m), 0) as value,
    'pct' as unit
from counted
having count(*) > 0;
