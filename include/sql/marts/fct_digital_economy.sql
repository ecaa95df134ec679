-- grain: year × source × vintage
-- stage: fact
-- feeds: digital_economy
-- parameters: none
-- replaces: mart.fct_digital_economy
-- A report goes back over several years: what the latest one says of a year, source and vintage counts.
insert into mart.fct_digital_economy (
    year, source, vintage, reporting_period, ict_vnd_bn, platform_vnd_bn, sector_digitalisation_vnd_bn,
    total_vnd_bn, grdp_current_vnd_bn, share_pct, submission_id, source_sheet, source_row
)
select distinct on (economy.year, economy.source, economy.vintage)
    economy.year,
    economy.source,
    known.vintage,
    economy.period as reporting_period,
    economy.ict_vnd_bn,
    economy.platform_vnd_bn,
    economy.sector_digitalisation_vnd_bn,
    economy.total_vnd_bn,
    economy.grdp_current_vnd_bn,
    100.0 * economy.total_vnd_bn / nullif(economy.grdp_current_vnd_bn, 0) as share_pct,
    economy.submission_id,
    economy.source_sheet,
    economy.source_row
from core.digital_economy as economy
left join mart.dim_vintage as known on economy.vintage = known.name_vi
where economy.is_current
order by economy.year asc, economy.source asc, economy.vintage asc, economy.period desc;
