-- grain: hospital × period
-- stage: fact
-- feeds: smart_hospitals
-- parameters: period, period_end_on
-- replaces: mart.fct_smart_hospital where period = %(period)s
insert into mart.fct_smart_hospital (
    period, hospital_code, period_end_on, hospital_tier, infrastructure_level, his_level, lis_level,
    ris_pacs_level, emr_level, security_met, it_level, is_smart, paperless_on, assessed_on,
    submission_id, source_sheet, source_row
)
select
    period,
    hospital_code,
    %(period_end_on)s,
    hospital_tier,
    infrastructure_level,
    his_level,
    lis_level,
    ris_pacs_level,
    emr_level,
    security_met,
    it_level,
    -- The one definition of a smart hospital; an electronic medical record alone does not make one.
    it_level >= 6 as is_smart,
    paperless_on,
    assessed_on,
    submission_id,
    source_sheet,
    source_row
from core.smart_hospitals
where is_current and period = %(period)s;
