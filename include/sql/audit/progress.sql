-- Where each target stands, for the audit of the plan.
select
    document_code,
    indicator_code,
    geography_code,
    target_year,
    period,
    vintage,
    value::numeric as value,
    required_pace::numeric as required_pace,
    observed_pace::numeric as observed_pace,
    projected_value::numeric as projected_value,
    projected_high::numeric as projected_high,
    projection_method,
    point_count,
    verdict
from mart.target_progress
order by document_code, indicator_code, geography_code, target_year;
