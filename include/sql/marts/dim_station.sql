-- grain: station
-- stage: dimension
-- feeds: health_stations
-- parameters: period
-- replaces: mart.dim_station
-- The facts of other periods follow in transactions of their own: until then they keep what they name.
insert into mart.dim_station (station_code, station_name, commune_code, first_period, last_period)
select
    station_code,
    (array_agg(station_name order by is_current desc, period desc))[1] as station_name,
    (array_agg(commune_code order by is_current desc, period desc))[1] as commune_code,
    coalesce(min(period) filter (where is_current), min(period)) as first_period,
    coalesce(max(period) filter (where is_current), max(period)) as last_period
from core.health_stations
where
    is_current
    or station_code in (
        select fact.station_code
        from mart.fct_health_station as fact
        where fact.period <> %(period)s
    )
group by station_code;
