-- grain: year × vintage
-- stage: fact
-- feeds: economic_accounts
-- parameters: none
-- replaces: mart.fct_economic_account
-- A report goes back over several years: what the latest one says of a year and vintage counts.
insert into mart.fct_economic_account (
    year, vintage, reporting_period, grdp_current_vnd_bn, grdp_constant2010_vnd_bn,
    capital_stock_constant2010_vnd_bn, employed_average_thousand, population_average_thousand, capital_share,
    submission_id, source_sheet, source_row
)
select distinct on (account.year, account.vintage)
    account.year,
    known.vintage,
    account.period as reporting_period,
    account.grdp_current_vnd_bn,
    account.grdp_constant2010_vnd_bn,
    account.capital_stock_constant2010_vnd_bn,
    account.employed_average_thousand,
    account.population_average_thousand,
    account.capital_share,
    account.submission_id,
    account.source_sheet,
    account.source_row
from core.economic_accounts as account
left join mart.dim_vintage as known on account.vintage = known.name_vi
where account.is_current
order by account.year asc, account.vintage asc, account.period desc;
