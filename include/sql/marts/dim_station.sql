-- grain: station
-- stage: dimension
-- feeds: health_stations
-- parameters: none
-- replaces: mart.dim_station
insert into mart.dim_station (station_code, station_name, commune_code, first_period, last_period)
select
    station_code,
    (array_agg(station_name order by period desc))[1] as station_name,
    (array_agg(commune_code order by period desc))[1] as commune_code,
    min(period) as first_period,
    max(period) as last_period
from core.health_stations
where is_current
group by station_code;
