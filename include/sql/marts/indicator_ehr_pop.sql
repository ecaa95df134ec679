-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: EHR_POP
-- feeds: health_records
-- parameters: period, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'EHR_POP' and period = %(period)s
insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'EHR_POP' as indicator_code,
    counted.period,
    %(geography_code)s,
    'reported' as vintage,
    counted.period_end_on,
    counted.person_count as numerator,
    -- A year without a published population has no share; no other year's population stands in for it.
    province.population as denominator,
    100.0 * counted.person_count / province.population as value,
    'pct' as unit
from mart.fct_health_record_province as counted
left join mart.dim_population as province
    on
        province.province_code = %(geography_code)s
        and extract(year from counted.period_end_on) = province.year
where counted.period = %(period)s;
