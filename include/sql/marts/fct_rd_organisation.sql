-- grain: organisation × period
-- stage: fact
-- feeds: rd_personnel
-- parameters: period, period_end_on
-- replaces: mart.fct_rd_organisation where period = %(period)s
insert into mart.fct_rd_organisation (
    period, organisation_code, period_end_on, organisation_name, organisation_kind, headcount, fte,
    researchers, technicians, support, doctors, masters, submission_id, source_sheet, source_row
)
select
    period,
    organisation_code,
    %(period_end_on)s,
    organisation_name,
    organisation_kind,
    headcount,
    fte,
    researchers,
    technicians,
    support,
    doctors,
    masters,
    submission_id,
    source_sheet,
    source_row
from core.rd_personnel
where is_current and period = %(period)s;
