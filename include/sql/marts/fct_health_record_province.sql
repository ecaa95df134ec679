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
        count(distinct repeated_person) filter (where in_several_stations) as duplicate_persons,
        count(distinct hash_key_version) as key_versions
    from staging.health_record_state
    having count(*) > 0
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
        when counted.duplicate_persons not between 1 and 4
            then counted.duplicate_persons - mod(counted.duplicate_persons, 5)
    end as duplicate_person_count,
    counted.key_versions as hash_key_version_count
from counted
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
