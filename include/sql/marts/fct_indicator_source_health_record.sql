-- grain: indicator × period × geography × vintage × submission
-- stage: evidence
-- feeds: health_records
-- parameters: period, feed
-- replaces: nothing
-- The rows behind a value are persons' records: it leads to the files, and no further. How many rows of each
-- count is not said either: a file is often that of one station, whose number may have to be hidden.
with used as (
    select distinct submission_id
    from staging.health_record_state
)

insert into mart.fct_indicator_source (
    indicator_code, period, geography_code, vintage, submission_id,
    file_name, department_code, received_at, sha256, rows_used, quarantined_rows_used
)
select
    measured.indicator_code,
    measured.period,
    measured.geography_code,
    measured.vintage,
    used.submission_id,
    first_delivery.file_name,
    first_delivery.department_code,
    first_delivery.received_at,
    first_delivery.sha256,
    null as rows_used,
    0 as quarantined_rows_used
from mart.fct_indicator_value as measured
inner join mart.dim_indicator as indicator on measured.indicator_code = indicator.indicator_code
cross join used
-- Later deliveries of one submission are copies of the same bytes.
inner join lateral (
    select
        delivery.file_name,
        delivery.department_code,
        delivery.received_at,
        delivery.sha256
    from ledger.delivery as delivery
    where delivery.submission_id = used.submission_id
    order by delivery.received_seq
    limit 1
) as first_delivery on true
where indicator.feed = %(feed)s and measured.period = %(period)s;
