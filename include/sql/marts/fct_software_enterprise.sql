-- grain: enterprise × period
-- stage: fact
-- feeds: software_enterprises
-- parameters: period, period_end_on
-- replaces: mart.fct_software_enterprise where period = %(period)s
insert into mart.fct_software_enterprise (
    period, tax_code, period_end_on, kind, incubator, incubated_on, graduated_on, graduated, operating,
    revenue_vnd_m, employees, submission_id, source_sheet, source_row
)
select
    period,
    tax_code,
    %(period_end_on)s,
    kind,
    incubator,
    incubated_on,
    graduated_on,
    coalesce(graduated_on <= %(period_end_on)s, false) as graduated,
    operating,
    revenue_vnd_m,
    employees,
    submission_id,
    source_sheet,
    source_row
from core.software_enterprises
where is_current and period = %(period)s;
