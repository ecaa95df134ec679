-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: RESEARCH_APPLIED
-- feeds: research_transfer
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'RESEARCH_APPLIED' and period = %(period)s
with counted as (
    select
        submission_id,
        source_sheet,
        source_row,
        task_code as unit_code,
        applied as in_numerator
    from mart.fct_research_task
    where period = %(period)s and accepted
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'RESEARCH_APPLIED' as indicator_code,
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
    'RESEARCH_APPLIED' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    count(*) filter (where in_numerator) as numerator,
    count(*) as denominator,
    100.0 * count(*) filter (where in_numerator) / count(*) as value,
    'pct' as unit
from counted
having count(*) > 0;
