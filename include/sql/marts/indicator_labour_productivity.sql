-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: LAB_PROD, LAB_PROD_YEARLY
-- feeds: economic_accounts
-- parameters: geography_code
-- replaces: mart.fct_indicator_value where indicator_code ~ '^LAB_PROD'
-- Constant prices: current ones would count inflation as productivity. Each vintage of a year is compared
-- with the best of the year it starts from; the mean of yearly growths is the root of what lies between.
with account as (
    select
        year,
        vintage,
        -- Billion VND for each thousand persons: million VND for each.
        grdp_constant2010_vnd_bn / nullif(employed_average_thousand, 0) as productivity_vnd_m,
        submission_id,
        source_sheet,
        source_row
    from mart.fct_economic_account
),

-- The plan's term begins after 2020.
compared as (
    select
        step.indicator_code,
        account.year::text as period,
        account.year,
        account.vintage,
        account.productivity_vnd_m,
        former.year as former_year,
        former.vintage as former_vintage,
        former.productivity_vnd_m as former_productivity_vnd_m
    from account
    inner join mart.economic_account_best as best on account.year > best.year
    inner join account as former on best.year = former.year and best.vintage = former.vintage
    inner join (values ('LAB_PROD'), ('LAB_PROD_YEARLY')) as step (indicator_code)
        on
            former.year = case step.indicator_code when 'LAB_PROD' then 2020 else account.year - 1 end
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
    inner join account as used
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
    productivity_vnd_m as numerator,
    former_productivity_vnd_m as denominator,
    100.0 * (
        power(productivity_vnd_m / nullif(former_productivity_vnd_m, 0), 1.0 / (year - former_year)) - 1
    ) as value,
    'pct' as unit
from compared;
