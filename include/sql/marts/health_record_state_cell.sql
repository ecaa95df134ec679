-- grain: breakdown × unit
-- stage: state
-- feeds: health_records
-- parameters: none
-- replaces: nothing
-- The one place that decides which counts below the province are shown. Only persons of one station and one
-- commune who are five or more are counted at all, in every breakdown alike, so that no breakdown tells of a
-- few whom another leaves out; and each count is rounded down to a multiple of five, so that neither the
-- province's exact number less the others, nor one breakdown less another, gives the number of a unit.
create unlogged table staging.health_record_state_cell as
with large as (
    select
        state.station_code,
        state.commune_code,
        state.commune_key
    from staging.health_record_state as state
    group by state.station_code, state.commune_code, state.commune_key
    having
        coalesce(sum(state.records) filter (where state.repeated_person is null), 0)
        + count(distinct state.repeated_person) >= 5
),

placed as (
    select
        state.station_code,
        state.commune_code,
        state.commune_key,
        today.today_commune_key,
        state.repeated_person,
        -- Only stations that are counted here: what is left out elsewhere must not show in their numbers.
        min(state.station_code) over person < max(state.station_code) over person as in_several_stations,
        state.records
    from staging.health_record_state as state
    inner join large
        on
            state.station_code = large.station_code
            and state.commune_code = large.commune_code
            and state.commune_key is not distinct from large.commune_key
    left join mart.commune_today as today
        on state.commune_key = today.commune_key and not today.is_split
    window person as (partition by state.repeated_person)
),

counted as (
    select
        case
            when grouping(placed.station_code) = 0 then 'station'
            when grouping(placed.commune_code) = 0 then 'commune'
            else 'commune_today'
        end as breakdown,
        coalesce(placed.station_code, placed.commune_code) as unit_code,
        placed.commune_key,
        placed.today_commune_key,
        coalesce(sum(placed.records) filter (where placed.repeated_person is null), 0)
        + count(distinct placed.repeated_person) as persons,
        -- Rows without a repeated person share a window, and count for nobody.
        count(distinct placed.repeated_person) filter (where placed.in_several_stations) as shared_persons
    from placed
    group by
        grouping sets (
            (placed.station_code),
            (placed.commune_code, placed.commune_key),
            (placed.today_commune_key)
        )
)

select
    counted.breakdown,
    counted.unit_code,
    counted.commune_key,
    counted.today_commune_key,
    counted.persons - mod(counted.persons, 5) as persons,
    case
        when counted.shared_persons not between 1 and 4
            then counted.shared_persons - mod(counted.shared_persons, 5)
    end as shared_persons
from counted;
