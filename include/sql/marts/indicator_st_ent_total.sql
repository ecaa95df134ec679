-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: ST_ENT_TOTAL
-- feeds: st_enterprises
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'ST_ENT_TOTAL' and period = %(period)s
with counted as (
    select
        submission_id,
        source_sheet,
        source_row,
        tax_code as unit_code,
        in_force as in_numerator
    from mart.fct_st_enterprise
    where period = %(period)s
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'ST_ENT_TOTAL' as indicator_code,
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
    'ST_ENT_TOTAL' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    count(*) filter (where in_numerator) as numerator,
    count(*) as denominator,
    count(*) filter (where in_numerator) as value,
    'enterprise' as unit
from counted
having count(*) > 0;
