-- grain: urban area × service × period
-- stage: fact
-- feeds: smart_city
-- parameters: period, period_end_on
-- replaces: mart.fct_smart_city_service where period = %(period)s
insert into mart.fct_smart_city_service (
    period, urban_area_code, service, period_end_on, ioc_operating, stage, sensors, users, cost_vnd_m,
    submission_id, source_sheet, source_row
)
select
    period,
    urban_area_code,
    service,
    %(period_end_on)s,
    ioc_operating,
    stage,
    sensors,
    -- Few persons are hidden.
    case when users not between 1 and 4 then users end as users,
    cost_vnd_m,
    submission_id,
    source_sheet,
    source_row
from core.smart_city
where is_current and period = %(period)s;
