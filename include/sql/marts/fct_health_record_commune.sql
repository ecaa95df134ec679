-- grain: commune as reported × period
-- stage: fact
-- feeds: health_records
-- parameters: period, period_end_on
-- replaces: mart.fct_health_record_commune where period = %(period)s
insert into mart.fct_health_record_commune (period, commune_code, commune_key, period_end_on, person_count)
select
    %(period)s,
    unit_code as commune_code,
    commune_key,
    %(period_end_on)s,
    persons as person_count
from staging.health_record_state_cell
where breakdown = 'commune';
