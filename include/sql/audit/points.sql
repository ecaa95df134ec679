-- The values on which it rests that a target is out of reach: those of the judged value's origin and method
-- up to its period, with the submissions that brought them. The baseline is the plan's own.
select
    point.document_code,
    point.indicator_code,
    point.geography_code,
    point.target_year,
    point.origin,
    point.method,
    point.period,
    point.period_end_on,
    point.vintage,
    point.value::numeric as value,
    coalesce(
        (
            select array_agg(distinct source.submission_id order by source.submission_id)
            from mart.fct_indicator_source as source
            where
                source.indicator_code = point.indicator_code
                and source.period = point.period
                and source.geography_code = point.geography_code
                and source.vintage = point.vintage
        ),
        '{}'
    ) as submission_ids
from mart.target_progress as progress
inner join mart.target_series as judged
    on
        progress.document_code = judged.document_code
        and progress.indicator_code = judged.indicator_code
        and progress.geography_code = judged.geography_code
        and progress.target_year = judged.target_year
        and progress.period = judged.period
        and progress.vintage = judged.vintage
inner join mart.target_series as point
    on
        judged.document_code = point.document_code
        and judged.indicator_code = point.indicator_code
        and judged.geography_code = point.geography_code
        and judged.target_year = point.target_year
        and judged.origin = point.origin
        and judged.method is not distinct from point.method
        and judged.period_end_on >= point.period_end_on
where progress.verdict = 'out_of_reach'
order by
    point.document_code, point.indicator_code, point.geography_code, point.target_year, point.period_end_on,
    point.period;
