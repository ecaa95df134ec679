-- grain: period
-- stage: fact
-- feeds: health_records
-- parameters: period, period_end_on
-- replaces: mart.fct_health_record_province where period = %(period)s
-- The indicators need its numbers of persons and records to the last digit; the records are left out where
-- their excess over the persons says that few persons have several.
with counted as (
    select
        coalesce(sum(records) filter (where repeated_person is null), 0)
        + count(distinct repeated_person) as persons,
        sum(records) as records,
        count(distinct hash_key_version) as key_versions
    from staging.health_record_state
    having count(*) > 0
),

several_stations as (
    select repeated_person
    from staging.health_record_state
    where repeated_person is not null
    group by repeated_person
    having min(station_code) < max(station_code)
),

duplicate as (
    select count(*) as persons
    from several_stations
)

insert into mart.fct_health_record_province (
    period, period_end_on, person_count, record_count, duplicate_person_count, hash_key_version_count
)
select
    %(period)s,
    %(period_end_on)s,
    counted.persons as person_count,
    case when counted.records - counted.persons not between 1 and 4 then counted.records end as record_count,
    case
        when duplicate.persons not between 1 and 4 then duplicate.persons - mod(duplicate.persons, 5)
    end as duplicate_person_count,
    counted.key_versions as hash_key_version_count
from counted
cross join duplicate
where counted.persons >= 5
union all
-- Of fewer than five persons only that there are some.
select
    %(period)s,
    %(period_end_on)s,
    null as person_count,
    null as record_count,
    null as duplicate_person_count,
    counted.key_versions as hash_key_version_count
from counted
where counted.persons < 5;
