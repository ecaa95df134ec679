-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: OPS_FULL
-- feeds: digital_government
-- parameters: period, period_end_on, geography_code
-- replaces: mart.fct_indicator_value where indicator_code = 'OPS_FULL' and period = %(period)s
with counted as (
    select
        submission_id,
        source_sheet,
        source_row,
        agency_code as unit_code,
        dossiers_online > 0 as in_numerator,
        dossiers_online,
        dossiers_received
    from mart.fct_digital_government
    where period = %(period)s
),

evidence as (
    insert into mart.fct_indicator_row (
        indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row,
        unit_code, in_numerator, quarantined
    )
    select
        'OPS_FULL' as indicator_code,
        %(period)s,
        %(geography_code)s,
        'reported' as vintage,
        submission_id,
        source_sheet,
        source_row,
        unit_code,
        in_numerator,
        false as quarantined
    from counted
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    'OPS_FULL' as indicator_code,
    %(period)s,
    %(geography_code)s,
    'reported' as vintage,
    %(period_end_on)s,
    sum(dossiers_online) as numerator,
    sum(dossiers_received) as denominator,
    100.0 * sum(dossiers_online) / nullif(sum(dossiers_received), 0) as value,
    'pct' as unit
from counted
having count(*) > 0;
