-- grain: indicator × period × geography × vintage × submission
-- stage: evidence
-- feeds: smart_hospitals, health_stations, broadband_coverage
-- parameters: period, feed
-- replaces: nothing
-- A source goes with the value that it belongs to.
insert into mart.fct_indicator_source (
    indicator_code, period, geography_code, vintage, submission_id,
    file_name, department_code, received_at, sha256, rows_used, quarantined_rows_used
)
select
    used.indicator_code,
    used.period,
    used.geography_code,
    used.vintage,
    used.submission_id,
    first_delivery.file_name,
    first_delivery.department_code,
    first_delivery.received_at,
    first_delivery.sha256,
    used.rows_used,
    used.quarantined_rows_used
from (
    select
        evidence.indicator_code,
        evidence.period,
        evidence.geography_code,
        evidence.vintage,
        evidence.submission_id,
        count(*) filter (where not evidence.quarantined) as rows_used,
        count(*) filter (where evidence.quarantined) as quarantined_rows_used
    from mart.fct_indicator_row as evidence
    inner join mart.dim_indicator as indicator on evidence.indicator_code = indicator.indicator_code
    where indicator.feed = %(feed)s and evidence.period = %(period)s
    group by
        evidence.indicator_code, evidence.period, evidence.geography_code, evidence.vintage,
        evidence.submission_id
) as used
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
) as first_delivery on true;
