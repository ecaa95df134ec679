-- grain: station × period
-- stage: fact
-- feeds: health_records
-- parameters: period, period_end_on
-- replaces: mart.fct_health_record_station where period = %(period)s
insert into mart.fct_health_record_station (
    period, station_code, period_end_on, person_count, shared_person_count
)
select
    %(period)s,
    unit_code as station_code,
    %(period_end_on)s,
    persons as person_count,
    shared_persons as shared_person_count
from staging.health_record_state_cell
where breakdown = 'station';
