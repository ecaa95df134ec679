-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: EHR_RECORDS_PER_PERSON
-- feeds: health_records
-- parameters: period, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'EHR_RECORDS_PER_PERSON' and period = %(period)s
insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'EHR_RECORDS_PER_PERSON' as indicator_code,
    period,
    %(geography_code)s,
    'reported' as vintage,
    period_end_on,
    record_count as numerator,
    person_count as denominator,
    1.0 * record_count / person_count as value,
    'record_per_person' as unit
from mart.fct_health_record_province
where period = %(period)s;
