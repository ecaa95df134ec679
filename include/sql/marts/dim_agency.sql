-- grain: agency
-- stage: dimension
-- feeds: digital_government
-- parameters: period
-- replaces: mart.dim_agency
-- The facts of other periods follow in transactions of their own: until then they keep what they name.
insert into mart.dim_agency (agency_code, agency_name, agency_level, first_period, last_period)
select
    agency_code,
    (array_agg(agency_name order by is_current desc, period desc))[1] as agency_name,
    (array_agg(agency_level order by is_current desc, period desc))[1] as agency_level,
    coalesce(min(period) filter (where is_current), min(period)) as first_period,
    coalesce(max(period) filter (where is_current), max(period)) as last_period
from core.digital_government
where
    is_current
    or agency_code in (
        select fact.agency_code
        from mart.fct_digital_government as fact
        where fact.period <> %(period)s
    )
group by agency_code;
