-- grain: commune × period
-- stage: fact
-- feeds: broadband_coverage
-- parameters: period, period_end_on
-- replaces: mart.fct_broadband_commune where period = %(period)s
insert into mart.fct_broadband_commune (
    period, commune_code, period_end_on, commune_key, villages_total, villages_fixed_broadband, villages_4g,
    villages_5g, households_total, households_fixed_broadband, carriers, carrier_count,
    covered, covered_strict, covered_loose, submission_id, source_sheet, source_row
)
select
    coverage.period,
    coverage.commune_code,
    %(period_end_on)s,
    commune.commune_key,
    coverage.villages_total,
    coverage.villages_fixed_broadband,
    coverage.villages_4g,
    coverage.villages_5g,
    coverage.households_total,
    coverage.households_fixed_broadband,
    array_to_string(coverage.carriers, ', ') as carriers,
    cardinality(coverage.carriers) as carrier_count,
    -- The one definition of a covered commune, and beside it the stricter and the looser one.
    coverage.villages_fixed_broadband >= 1 and coverage.villages_4g = coverage.villages_total as covered,
    coverage.villages_fixed_broadband = coverage.villages_total
    and coverage.villages_4g = coverage.villages_total as covered_strict,
    coverage.villages_fixed_broadband >= 1 as covered_loose,
    coverage.submission_id,
    coverage.source_sheet,
    coverage.source_row
from core.broadband_coverage as coverage
left join mart.dim_commune as commune
    on
        coverage.commune_code = commune.commune_code
        and commune.valid_from <= %(period_end_on)s
        and coalesce(%(period_end_on)s < commune.valid_to, true)
where coverage.is_current and coverage.period = %(period)s;
