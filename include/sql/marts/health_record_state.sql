-- grain: key version × station × commune × submission × person with several records
-- stage: state
-- feeds: health_records
-- parameters: period
-- replaces: nothing
-- The one pass over the records. A person with a single record needs no name to be counted once, so that the
-- keyed hash stays only where it tells the records of one person from those of another.
create unlogged table staging.health_record_state as
with former as (
    -- What a record was in the period, where a later one has replaced it since.
    select distinct on (replaced.record_id)
        replaced.hash_key_version,
        replaced.citizen_id_hash,
        replaced.station_code,
        replaced.commune_code,
        replaced.updated_on,
        replaced.submission_id
    from core.health_records_history as replaced
    inner join core.health_records as latest on replaced.record_id = latest.record_id
    where latest.period > %(period)s and replaced.period <= %(period)s
    order by replaced.record_id asc, replaced.updated_on desc, replaced.received_seq desc
),

state as (
    select
        hash_key_version,
        citizen_id_hash,
        station_code,
        commune_code,
        updated_on,
        submission_id
    from core.health_records
    where period <= %(period)s
    union all
    select
        hash_key_version,
        citizen_id_hash,
        station_code,
        commune_code,
        updated_on,
        submission_id
    from former
),

counted as (
    select
        state.*,
        -- Under another version of the key a person has another hash, and is another person for all we know.
        count(*) over person as person_records,
        min(state.station_code) over person < max(state.station_code) over person as in_several_stations
    from state
    window person as (partition by state.citizen_id_hash)
)

select
    counted.hash_key_version,
    counted.station_code,
    counted.commune_code,
    -- The unit that bore the code when the record was updated.
    commune.commune_key,
    counted.submission_id,
    case when counted.person_records > 1 then counted.citizen_id_hash end as repeated_person,
    counted.in_several_stations,
    count(*) as records
from counted
left join mart.dim_commune as commune
    on
        counted.commune_code = commune.commune_code
        and counted.updated_on >= commune.valid_from
        and coalesce(counted.updated_on < commune.valid_to, true)
group by
    counted.hash_key_version, counted.station_code, counted.commune_code, commune.commune_key,
    counted.submission_id, repeated_person, counted.in_several_stations;
