-- The stations that the latest report of health stations names, in rows that are held back too.
with latest as (
    select max(period) as period
    from mart.fct_health_station
    where period_end_on <= %(period_end_on)s
),

station as (
    select accepted.station_code
    from mart.fct_health_station as accepted
    inner join latest on accepted.period = latest.period
    union
    select held.row_key[1] as station_code
    from quarantine.quarantined_row as held
    inner join latest on held.period = latest.period
    where held.feed = 'health_stations' and held.closed_by is null and held.row_key is not null
)

select
    report.reporting_unit,
    array[station.station_code] as unit
from report
cross join station
