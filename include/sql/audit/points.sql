-- The values that each target is judged by, with the submissions that a reported one rests on.
select
    series.document_code,
    series.indicator_code,
    series.geography_code,
    series.target_year,
    series.origin,
    series.period,
    series.period_end_on,
    series.value::numeric as value,
    array(
        select source.submission_id
        from mart.fct_indicator_source as source
        where
            series.origin = 'reported'
            and source.indicator_code = series.indicator_code
            and source.period = series.period
            and source.geography_code = series.geography_code
            and source.vintage = series.vintage
        order by source.submission_id
    ) as submission_ids
from mart.target_series as series
where series.value is not null;
