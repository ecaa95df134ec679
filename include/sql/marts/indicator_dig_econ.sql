-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: DIG_ECON, DIG_ECON_MIC, DIG_ECON_DEPARTMENT
-- feeds: digital_economy
-- parameters: geography_code
-- replaces: mart.fct_indicator_value where indicator_code ~ '^DIG_ECON'
-- The sources have different methods: each is an indicator of its own, and none stands in for another.
with counted as (
    select
        measured.indicator_code,
        fact.year::text as period,
        fact.year,
        fact.vintage,
        fact.total_vnd_bn,
        fact.grdp_current_vnd_bn,
        fact.submission_id,
        fact.source_sheet,
        fact.source_row
    from mart.fct_digital_economy as fact
    inner join (
        values ('DIG_ECON', 'GSO'), ('DIG_ECON_MIC', 'MIC'), ('DIG_ECON_DEPARTMENT', 'Sở')
    ) as measured (indicator_code, source)
        on fact.source = measured.source
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        indicator_code,
        period,
        %(geography_code)s,
        vintage,
        submission_id,
        source_sheet,
        source_row,
        period as unit_code,
        true as in_numerator,
        false as quarantined
    from counted
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
    total_vnd_bn as numerator,
    grdp_current_vnd_bn as denominator,
    100.0 * total_vnd_bn / nullif(grdp_current_vnd_bn, 0) as value,
    'pct' as unit
from counted;
