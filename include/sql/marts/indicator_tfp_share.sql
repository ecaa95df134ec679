-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: TFP_SHARE
-- feeds: economic_accounts
-- parameters: geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'TFP_SHARE'
-- Growth accounting at constant prices, with the capital share of the year itself. Near zero growth the ratio
-- explodes or changes its sign and says nothing: it is null there.
with compared as (
    select
        'TFP_SHARE' as indicator_code,
        account.year::text as period,
        account.year,
        account.vintage,
        account.capital_share,
        former.year as former_year,
        former.vintage as former_vintage,
        account.grdp_constant2010_vnd_bn / nullif(former.grdp_constant2010_vnd_bn, 0) - 1 as output_growth,
        account.capital_stock_constant2010_vnd_bn / nullif(former.capital_stock_constant2010_vnd_bn, 0) - 1
            as capital_growth,
        account.employed_average_thousand / nullif(former.employed_average_thousand, 0) - 1 as labour_growth
    from mart.fct_economic_account as account
    inner join mart.economic_account_best as former on account.year - 1 = former.year
),

accounted as (
    select
        compared.*,
        output_growth - capital_share * capital_growth - (1 - capital_share) * labour_growth as tfp_growth
    from compared
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        compared.indicator_code,
        compared.period,
        %(geography_code)s,
        compared.vintage,
        used.submission_id,
        used.source_sheet,
        used.source_row,
        used.year::text as unit_code,
        used.year::text = compared.period as in_numerator,
        false as quarantined
    from compared
    inner join mart.fct_economic_account as used
        on
            (compared.year = used.year and compared.vintage = used.vintage)
            or (compared.former_year = used.year and compared.former_vintage = used.vintage)
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    indicator_code,
    period,
    %(geography_code)s,
    vintage,
    make_date(year, 12, 31) as period_end_on,
    100 * tfp_growth as numerator,
    100 * output_growth as denominator,
    case when abs(output_growth) >= 0.005 then 100 * tfp_growth / output_growth end as value,
    'pct' as unit
from accounted;
