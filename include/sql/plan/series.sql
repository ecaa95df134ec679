-- Every value of every target's indicator, with what must be known to judge the target by it; a target
-- without any has one row.
select
    target.document_code,
    target.indicator_code,
    target.geography_code,
    target.target_year,
    target.target_value,
    target.direction,
    target.baseline_value,
    target.baseline_year,
    document.dated_on,
    indicator.unit,
    indicator.aggregation,
    indicator.measure,
    series.origin,
    series.method,
    series.period,
    series.period_end_on,
    series.vintage,
    series.value
from mart.dim_target as target
inner join mart.dim_document as document on target.document_code = document.document_code
inner join mart.dim_indicator as indicator on target.indicator_code = indicator.indicator_code
left join mart.target_series as series
    on
        target.document_code = series.document_code
        and target.indicator_code = series.indicator_code
        and target.geography_code = series.geography_code
        and target.target_year = series.target_year
        and series.origin <> 'baseline'
order by
    target.document_code,
    target.indicator_code,
    target.geography_code,
    target.target_year,
    series.origin,
    series.method,
    series.period_end_on,
    series.period;
