-- Every target with the latest value of its indicator and what it says, by document; then the indicators
-- without a target.
select
    status.indicator_code,
    status.name_vi,
    status.name_en,
    status.period,
    status.vintage,
    status.value::double precision as value,
    status.numerator::double precision as numerator,
    status.denominator::double precision as denominator,
    status.unit,
    status.unit_vi,
    status.baseline_value::double precision as baseline,
    status.baseline_year,
    status.target_value::double precision as target_value,
    status.target_year,
    status.direction,
    status.document_code as document,
    status.status,
    progress.distance::double precision as distance,
    progress.progress_pct::double precision as progress_pct,
    progress.required_pace::double precision as required_pace,
    progress.observed_pace::double precision as observed_pace,
    progress.projected_value::double precision as projected_value,
    progress.projected_low::double precision as projected_low,
    progress.projected_high::double precision as projected_high,
    progress.projection_method,
    progress.point_count,
    progress.verdict
from mart.indicator_status as status
left join mart.target_progress as progress
    on
        status.document_code = progress.document_code
        and status.indicator_code = progress.indicator_code
        and status.geography_code = progress.geography_code
        and status.target_year = progress.target_year
order by status.document_code nulls last, status.indicator_code, status.geography_code, status.target_year;
