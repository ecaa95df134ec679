-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: SMART_HOSP_P, SMART_HOSP_D
-- feeds: smart_hospitals
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code ~ '^SMART_HOSP_' and period = %(period)s
with counted as (
    select
        case hospital_tier when 'provincial' then 'SMART_HOSP_P' else 'SMART_HOSP_D' end as indicator_code,
        submission_id,
        source_sheet,
        source_row,
        hospital_code,
        is_smart
    from mart.fct_smart_hospital
    where period = %(period)s
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        indicator_code,
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
    indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    count(*) filter (where is_smart) as numerator,
    count(*) as denominator,
    count(*) filter (where is_smart) as value,
    'hospital' as unit
from counted
group by indicator_code;
