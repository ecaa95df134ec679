-- grain: period
-- stage: fact
-- feeds: health_records
-- parameters: period, period_end_on
-- replaces: mart.fct_health_record_province where period = %(period)s
insert into mart.fct_health_record_province (
    period, period_end_on, person_count, record_count, suppressed, hash_key_version_count
)
select
    %(period)s,
    %(period_end_on)s,
    case when not suppressed then persons end as person_count,
    case when not suppressed then records end as record_count,
    suppressed,
    key_versions as hash_key_version_count
from staging.health_record_state_cell
where breakdown = 'province';
