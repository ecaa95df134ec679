-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: SW_ENT
-- feeds: software_enterprises
-- parameters: geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'SW_ENT'
-- Since the plan began: an enterprise that graduated counts once, also when later reports no longer name it.
with reported as (
    select distinct
        period,
        period_end_on
    from mart.fct_software_enterprise
),

known as (
    select distinct on (reported.period, fact.tax_code)
        reported.period,
        reported.period_end_on,
        fact.tax_code,
        fact.submission_id,
        fact.source_sheet,
        fact.source_row,
        min(fact.graduated_on) over (partition by reported.period, fact.tax_code) as first_on
    from reported
    inner join mart.fct_software_enterprise as fact on reported.period_end_on >= fact.period_end_on
    -- The row that stands for an enterprise is the one that decides: with its first such day, the latest.
    order by reported.period asc, fact.tax_code asc, fact.graduated_on asc nulls last, fact.period_end_on desc
),

counted as (
    select
        known.*,
        coalesce(known.first_on between date '2021-01-01' and known.period_end_on, false) as in_numerator
    from known
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'SW_ENT' as indicator_code,
        period,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        tax_code,
        in_numerator,
        false as quarantined
    from counted
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'SW_ENT' as indicator_code,
    period,
    %(geography_code)s,
    'reported' as vintage,
    period_end_on,
    count(*) filter (where in_numerator) as numerator,
    count(*) as denominator,
    count(*) filter (where in_numerator) as value,
    'enterprise' as unit
from counted
group by period, period_end_on;
