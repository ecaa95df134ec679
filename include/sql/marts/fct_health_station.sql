-- grain: station × period
-- stage: fact
-- feeds: health_stations
-- parameters: period, period_end_on
-- replaces: mart.fct_health_station where period = %(period)s
-- Records are nearly persons: hidden where few and rounded like them, or they would tell what those do not.
insert into mart.fct_health_station (
    period, station_code, period_end_on, commune_code, commune_key, has_ehr_system, software_name,
    population_managed, records_created, records_updated, submission_id, source_sheet, source_row
)
select
    station.period,
    station.station_code,
    %(period_end_on)s,
    station.commune_code,
    commune.commune_key,
    station.has_ehr_system,
    station.software_name,
    station.population_managed,
    case
        when station.records_created not between 1 and 4
            then station.records_created - mod(station.records_created, 5)
    end as records_created,
    case
        when station.records_updated not between 1 and 4
            then station.records_updated - mod(station.records_updated, 5)
    end as records_updated,
    station.submission_id,
    station.source_sheet,
    station.source_row
from core.health_stations as station
left join mart.dim_commune as commune
    on
        station.commune_code = commune.commune_code
        and commune.valid_from <= %(period_end_on)s
        and coalesce(%(period_end_on)s < commune.valid_to, true)
where station.is_current and station.period = %(period)s;
