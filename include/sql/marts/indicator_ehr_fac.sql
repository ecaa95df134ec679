-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: EHR_FAC
-- feeds: health_stations
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'EHR_FAC' and period = %(period)s
with accepted as (
    select
        submission_id,
        source_sheet,
        source_row,
        station_code,
        has_ehr_system
    from mart.fct_health_station
    where period = %(period)s
),

-- A station is in force when the snapshot names it, even in a row that is still held back: leaving those out
-- would raise the share by what is wrong in the file.
held_back as (
    select
        submission_id,
        sheet as source_sheet,
        source_row,
        row_key[1] as station_code,
        row_number() over (partition by row_key order by submission_id, sheet, source_row) as copy
    from quarantine.quarantined_row
    where feed = 'health_stations' and period = %(period)s and closed_by is null
),

-- Copies of a code count once; a row without a code counts as a station of its own, since nothing shows that
-- it is one of the others.
counted as (
    select
        submission_id,
        source_sheet,
        source_row,
        station_code,
        has_ehr_system,
        false as quarantined
    from accepted
    union all
    select
        submission_id,
        source_sheet,
        source_row,
        station_code,
        false as has_ehr_system,
        true as quarantined
    from held_back
    where
        (station_code is null or copy = 1)
        and not exists (
            select 1
            from accepted
            where accepted.station_code = held_back.station_code
        )
        and exists (select 1 from accepted)
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'EHR_FAC' as indicator_code,
        %(period)s,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        station_code,
        has_ehr_system,
        quarantined
    from counted
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'EHR_FAC' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    count(*) filter (where has_ehr_system) as numerator,
    count(*) as denominator,
    100.0 * count(*) filter (where has_ehr_system) / count(*) as value,
    'pct' as unit
from counted
having count(*) > 0;
