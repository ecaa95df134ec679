-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: SMART_CITY_IOC
-- feeds: smart_city
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'SMART_CITY_IOC' and period = %(period)s
with counted as (
    select
        submission_id,
        source_sheet,
        source_row,
        urban_area_code as unit_code,
        ioc_operating as in_numerator
    from mart.fct_smart_city_service
    where period = %(period)s
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'SMART_CITY_IOC' as indicator_code,
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
    'SMART_CITY_IOC' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    count(distinct unit_code) filter (where in_numerator) as numerator,
    count(distinct unit_code) as denominator,
    count(distinct unit_code) filter (where in_numerator) as value,
    'urban_area' as unit
from counted
having count(*) > 0;
