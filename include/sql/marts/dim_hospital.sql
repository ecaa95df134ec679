-- grain: hospital
-- stage: dimension
-- feeds: smart_hospitals
-- parameters: period
-- replaces: mart.dim_hospital
-- The facts of other periods follow in transactions of their own: until then they keep what they name.
insert into mart.dim_hospital (hospital_code, hospital_name, hospital_tier, first_period, last_period)
select
    hospital_code,
    (array_agg(hospital_name order by is_current desc, period desc))[1] as hospital_name,
    (array_agg(hospital_tier order by is_current desc, period desc))[1] as hospital_tier,
    coalesce(min(period) filter (where is_current), min(period)) as first_period,
    coalesce(max(period) filter (where is_current), max(period)) as last_period
from core.smart_hospitals
where
    is_current
    or hospital_code in (
        select fact.hospital_code
        from mart.fct_smart_hospital as fact
        where fact.period <> %(period)s
    )
group by hospital_code;
