-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: BB_COMMUNE
-- feeds: broadband_coverage
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'BB_COMMUNE' and period = %(period)s
with counted as (
    select
        coverage.submission_id,
        coverage.source_sheet,
        coverage.source_row,
        coverage.commune_code,
        coverage.covered and coverage.commune_key is not null as covered
    from mart.fct_broadband_commune as coverage
    where coverage.period = %(period)s
),

-- Communes that did not report are in force all the same.
in_force as (
    select count(*) as communes
    from mart.dim_commune as commune
    where
        commune.province_code = %(geography_code)s
        and commune.valid_from <= %(period_end_on)s
        and coalesce(%(period_end_on)s < commune.valid_to, true)
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'BB_COMMUNE' as indicator_code,
        %(period)s,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        commune_code,
        covered,
        false as quarantined
    from counted
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'BB_COMMUNE' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    count(*) filter (where covered) as numerator,
    (select in_force.communes from in_force) as denominator,
    100.0 * count(*) filter (where covered) / nullif((select in_force.communes from in_force), 0) as value,
    'pct' as unit
from counted
having count(*) > 0;
