-- grain: commune of today × period
-- stage: fact
-- feeds: health_records
-- parameters: period, period_end_on
-- replaces: mart.fct_health_record_commune_today where period = %(period)s
insert into mart.fct_health_record_commune_today (period, commune_key, period_end_on, person_count)
select
    %(period)s,
    today_commune_key as commune_key,
    %(period_end_on)s,
    persons as person_count
from staging.health_record_state_cell
where breakdown = 'commune_today';
