-- grain: enterprise × period
-- stage: fact
-- feeds: st_enterprises
-- parameters: period, period_end_on
-- replaces: mart.fct_st_enterprise where period = %(period)s
insert into mart.fct_st_enterprise (
    period, tax_code, period_end_on, commune_code, commune_key, certificate_no, certified_on, revoked_on,
    in_force, field, revenue_vnd_m, st_revenue_vnd_m, st_revenue_pct, employees, rd_spending_vnd_m,
    submission_id, source_sheet, source_row
)
select
    enterprise.period,
    enterprise.tax_code,
    %(period_end_on)s,
    enterprise.commune_code,
    commune.commune_key,
    enterprise.certificate_no,
    enterprise.certified_on,
    enterprise.revoked_on,
    -- The one definition of a certificate in force.
    enterprise.certified_on <= %(period_end_on)s
    and coalesce(enterprise.revoked_on > %(period_end_on)s, true) as in_force,
    enterprise.field,
    enterprise.revenue_vnd_m,
    enterprise.st_revenue_vnd_m,
    100.0 * enterprise.st_revenue_vnd_m / nullif(enterprise.revenue_vnd_m, 0) as st_revenue_pct,
    enterprise.employees,
    enterprise.rd_spending_vnd_m,
    enterprise.submission_id,
    enterprise.source_sheet,
    enterprise.source_row
from core.st_enterprises as enterprise
left join mart.dim_commune as commune
    on
        enterprise.commune_code = commune.commune_code
        and commune.valid_from <= %(period_end_on)s
        and coalesce(%(period_end_on)s < commune.valid_to, true)
where enterprise.is_current and enterprise.period = %(period)s;
