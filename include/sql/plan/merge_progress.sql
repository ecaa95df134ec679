-- Makes the progress of all targets what was just assessed; what is so already is not written.
merge into mart.fct_target_progress as stored
using (
    select
        document_code,
        indicator_code,
        geography_code,
        target_year,
        period,
        period_end_on,
        vintage,
        value,
        target_value,
        distance,
        progress_pct,
        required_pace,
        observed_pace,
        projected_value,
        projected_low,
        projected_high,
        projection_method,
        point_count,
        verdict
    from jsonb_populate_recordset(null::mart.fct_target_progress, %(progress)s)
) as assessed
    on
        stored.document_code = assessed.document_code
        and stored.indicator_code = assessed.indicator_code
        and stored.geography_code = assessed.geography_code
        and stored.target_year = assessed.target_year
        and stored.period = assessed.period
when matched and (
    stored.period_end_on, stored.vintage, stored.value, stored.target_value, stored.distance,
    stored.progress_pct, stored.required_pace, stored.observed_pace, stored.projected_value,
    stored.projected_low, stored.projected_high, stored.projection_method, stored.point_count, stored.verdict
) is distinct from (
    assessed.period_end_on, assessed.vintage, assessed.value, assessed.target_value, assessed.distance,
    assessed.progress_pct, assessed.required_pace, assessed.observed_pace, assessed.projected_value,
    assessed.projected_low, assessed.projected_high, assessed.projection_method, assessed.point_count,
    assessed.verdict
) then
    update
        set
            period_end_on = assessed.period_end_on,
            vintage = assessed.vintage,
            value = assessed.value,
            target_value = assessed.target_value,
            distance = assessed.distance,
            progress_pct = assessed.progress_pct,
            required_pace = assessed.required_pace,
            observed_pace = assessed.observed_pace,
            projected_value = assessed.projected_value,
            projected_low = assessed.projected_low,
            projected_high = assessed.projected_high,
            projection_method = assessed.projection_method,
            point_count = assessed.point_count,
            verdict = assessed.verdict,
            computed_at = now()
when not matched then
    insert (
        document_code, indicator_code, geography_code, target_year, period, period_end_on, vintage, value,
        target_value, distance, progress_pct, required_pace, observed_pace, projected_value, projected_low,
        projected_high, projection_method, point_count, verdict
    ) values (
        assessed.document_code, assessed.indicator_code, assessed.geography_code, assessed.target_year,
        assessed.period, assessed.period_end_on, assessed.vintage, assessed.value, assessed.target_value,
        assessed.distance, assessed.progress_pct, assessed.required_pace, assessed.observed_pace,
        assessed.projected_value, assessed.projected_low, assessed.projected_high, assessed.projection_method,
        assessed.point_count, assessed.verdict
    )
when not matched by source then delete;
