-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: RD_FTE_10K, RD_HEADCOUNT_10K
-- feeds: rd_personnel, economic_accounts
-- parameters: geography_code
-- replaces: mart.fct_indicator_value where indicator_code ~ '^RD_'
-- Full-time equivalents are the indicator; heads stand beside it. A year without a known population has no
-- value: no other year's population stands in for it.
with counted as (
    select
        measured.indicator_code,
        fact.period,
        fact.period_end_on,
        fact.organisation_code as unit_code,
        fact.submission_id,
        fact.source_sheet,
        fact.source_row,
        case measured.indicator_code when 'RD_FTE_10K' then fact.fte else fact.headcount end as persons
    from mart.fct_rd_organisation as fact
    cross join (values ('RD_FTE_10K'), ('RD_HEADCOUNT_10K')) as measured (indicator_code)
),

summed as (
    select
        indicator_code,
        period,
        period_end_on,
        sum(persons) as persons
    from counted
    group by indicator_code, period, period_end_on
),

divided as (
    select
        summed.*,
        province.population,
        province.submission_id,
        province.source_sheet,
        province.source_row
    from summed
    left join mart.population_year as province on extract(year from summed.period_end_on) = province.year
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
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        unit_code,
        true as in_numerator,
        false as quarantined
    from counted
    union all
    -- The row of the accounts that brings the population.
    select
        indicator_code,
        period,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        period as unit_code,
        false as in_numerator,
        false as quarantined
    from divided
    where submission_id is not null
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    indicator_code,
    period,
    %(geography_code)s,
    'reported' as vintage,
    period_end_on,
    persons as numerator,
    population as denominator,
    10000.0 * persons / nullif(population, 0) as value,
    'person_per_10k' as unit
from divided;
