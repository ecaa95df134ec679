-- grain: indicator × period × geography × vintage × submission
-- stage: evidence
-- feeds: health_records
-- parameters: period, feed
-- replaces: mart.fct_indicator_file where indicator_code ~ '^EHR_' and period = %(period)s
-- The rows behind a value are persons' records: it leads to the files, and no further. How many rows of each
-- count is not said either: a file is often that of one station, whose number may have to be hidden.
insert into mart.fct_indicator_file (indicator_code, period, geography_code, vintage, submission_id)
select distinct
    measured.indicator_code,
    measured.period,
    measured.geography_code,
    measured.vintage,
    used.submission_id
from mart.fct_indicator_value as measured
inner join mart.dim_indicator as indicator on measured.indicator_code = indicator.indicator_code
cross join staging.health_record_state as used
where indicator.feed = %(feed)s and measured.period = %(period)s;
