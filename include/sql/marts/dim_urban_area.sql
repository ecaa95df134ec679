-- grain: urban area
-- stage: dimension
-- feeds: smart_city
-- parameters: period
-- replaces: mart.dim_urban_area
-- The facts of other periods follow in transactions of their own: until then they keep what they name.
insert into mart.dim_urban_area (urban_area_code, urban_area_name, first_period, last_period)
select
    urban_area_code,
    (array_agg(urban_area_name order by is_current desc, period desc, service asc))[1] as urban_area_name,
    coalesce(min(period) filter (where is_current), min(period)) as first_period,
    coalesce(max(period) filter (where is_current), max(period)) as last_period
from core.smart_city
where
    is_current
    or urban_area_code in (
        select fact.urban_area_code
        from mart.fct_smart_city_service as fact
        where fact.period <> %(period)s
    )
group by urban_area_code;
