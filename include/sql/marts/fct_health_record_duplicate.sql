-- grain: station × period
-- stage: fact
-- feeds: health_records
-- parameters: period, period_end_on
-- replaces: mart.fct_health_record_duplicate where period = %(period)s
insert into mart.fct_health_record_duplicate (
    period, station_code, period_end_on, person_count, suppressed
)
select
    %(period)s,
    unit_code as station_code,
    %(period_end_on)s,
    case when not suppressed then persons end as person_count,
    suppressed
from staging.health_record_state_cell
where breakdown = 'duplicate';
