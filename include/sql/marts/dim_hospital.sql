-- grain: hospital
-- stage: dimension
-- feeds: smart_hospitals
-- parameters: none
-- replaces: mart.dim_hospital
insert into mart.dim_hospital (hospital_code, hospital_name, hospital_tier, first_period, last_period)
select
    hospital_code,
    (array_agg(hospital_name order by period desc))[1] as hospital_name,
    (array_agg(hospital_tier order by period desc))[1] as hospital_tier,
    min(period) as first_period,
    max(period) as last_period
from core.smart_hospitals
where is_current
group by hospital_code;
