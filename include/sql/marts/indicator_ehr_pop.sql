-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: EHR_POP
-- feeds: health_records, economic_accounts
-- parameters: geography_code
-- replaces: mart.fct_indicator_row where indicator_code = 'EHR_POP'
-- Every period, since the accounts may bring the population of any year. Values are renewed in place, so
-- that the files behind the persons stay with them.
with divided as (
    select
        counted.period,
        counted.period_end_on,
        counted.person_count,
        province.population,
        province.submission_id,
        province.source_sheet,
        province.source_row,
        province.year
    from mart.fct_health_record_province as counted
    -- A year without a known population has no share; no other year's population stands in for it.
    left join mart.population_year as province on extract(year from counted.period_end_on) = province.year
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    -- The rows of persons are not named; that of the accounts which brings the population is.
    select
        'EHR_POP' as indicator_code,
        period,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        year::text as unit_code,
        false as in_numerator,
        false as quarantined
    from divided
    where submission_id is not null
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'EHR_POP' as indicator_code,
    period,
    %(geography_code)s,
    'reported' as vintage,
    period_end_on,
    person_count as numerator,
    population as denominator,
    100.0 * person_count / nullif(population, 0) as value,
    'pct' as unit
from divided
on conflict (indicator_code, period, geography_code, vintage) do update
    set
        period_end_on = excluded.period_end_on,
        numerator = excluded.numerator,
        denominator = excluded.denominator,
        value = excluded.value,
        computed_at = now();
