-- grain: breakdown × unit
-- stage: state
-- feeds: health_records
-- parameters: none
-- replaces: nothing
-- The one place that decides which counts of persons are shown. A unit with fewer than five persons is
-- hidden; where the hidden units of a group would be a single one, or fewer than five persons together, so is
-- the next smallest: what is shown of a group, taken from its total, leaves nothing small.
create unlogged table staging.health_record_state_cell as
with placed as (
    select
        state.*,
        today.today_commune_key
    from staging.health_record_state as state
    left join mart.commune_today as today
        on state.commune_key = today.commune_key and not today.is_split
),

counted as (
    select
        case
            when grouping(placed.station_code) = 0 then 'station'
            when grouping(placed.commune_code) = 0 then 'commune'
            when grouping(placed.today_commune_key) = 0 then 'commune_today'
            else 'province'
        end as breakdown,
        coalesce(placed.station_code, placed.commune_code) as unit_code,
        placed.commune_key,
        placed.today_commune_key,
        coalesce(sum(placed.records) filter (where placed.repeated_person is null), 0)
        + count(distinct placed.repeated_person) as persons,
        sum(placed.records) as records,
        count(distinct placed.hash_key_version) as key_versions
    from placed
    group by
        grouping sets (
            (),
            (placed.today_commune_key),
            (placed.today_commune_key, placed.commune_code, placed.commune_key),
            (placed.station_code)
        )
    having count(*) > 0
),

person_elsewhere as (
    select state.repeated_person
    from staging.health_record_state as state
    where state.repeated_person is not null
    group by state.repeated_person
    having min(state.station_code) < max(state.station_code)
),

duplicate as (
    select
        state.station_code as unit_code,
        count(distinct state.repeated_person) as persons
    from staging.health_record_state as state
    inner join person_elsewhere as person on state.repeated_person = person.repeated_person
    group by state.station_code
),

cell as (
    select
        counted.*,
        counted.persons < 5 as small
    from counted
    union all
    select
        'duplicate' as breakdown,
        duplicate.unit_code,
        null as commune_key,
        null as today_commune_key,
        duplicate.persons,
        null as records,
        null as key_versions,
        -- The other persons of the station are a count too.
        duplicate.persons < 5 or station.persons - duplicate.persons between 1 and 4 as small
    from duplicate
    inner join counted as station
        on duplicate.unit_code = station.unit_code and station.breakdown = 'station'
),

-- A commune stands in the group of those that are one unit today, since that unit is shown as well.
ranked as (
    select
        cell.*,
        row_number() over (
            same_group
            order by
                cell.small desc, cell.persons asc, cell.unit_code asc, cell.commune_key asc,
                cell.today_commune_key asc
        ) as place,
        count(*) filter (where cell.small) over same_group as small_units,
        sum(cell.persons) filter (where cell.small) over same_group as small_persons
    from cell
    window same_group as (
        partition by cell.breakdown, case when cell.breakdown = 'commune' then cell.today_commune_key end
    )
),

decided as (
    select
        ranked.*,
        ranked.small or (
            ranked.small_units > 0
            and ranked.place = ranked.small_units + 1
            and (ranked.small_units = 1 or ranked.small_persons < 5)
        ) as hidden
    from ranked
)

select
    part.breakdown,
    part.unit_code,
    part.commune_key,
    part.today_commune_key,
    part.persons,
    part.records,
    part.key_versions,
    -- Where a unit of today is hidden, its parts would give it away.
    part.hidden or coalesce(whole.hidden, false) as suppressed
from decided as part
left join decided as whole
    on
        part.breakdown = 'commune'
        and whole.breakdown = 'commune_today'
        and part.today_commune_key is not distinct from whole.today_commune_key;
