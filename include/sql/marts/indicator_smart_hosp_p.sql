-- grain: indicator × period × geography × vintage
-- stage: indicator
-- feeds: smart_hospitals
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'SMART_HOSP_P' and period = %(period)s
with counted as (
    select
        submission_id,
        source_sheet,
        source_row,
        hospital_code,
        is_smart
    from mart.fct_smart_hospital
    where period = %(period)s and hospital_tier = 'provincial'
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'SMART_HOSP_P' as indicator_code,
        %(period)s,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        hospital_code,
        is_smart,
        false as quarantined
    from counted
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'SMART_HOSP_P' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    count(*) filter (where is_smart) as numerator,
    count(*) as denominator,
    count(*) filter (where is_smart) as value,
    'hospital' as unit
from counted
having count(*) > 0;
