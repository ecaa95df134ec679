-- grain: urban area
-- stage: dimension
-- feeds: smart_city
-- parameters: none
-- replaces: mart.dim_urban_area
insert into mart.dim_urban_area (urban_area_code, urban_area_name, first_period, last_period)
select
    urban_area_code,
    (array_agg(urban_area_name order by period desc, service asc))[1] as urban_area_name,
    min(period) as first_period,
    max(period) as last_period
from core.smart_city
where is_current
group by urban_area_code;
