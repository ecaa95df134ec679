-- grain: feed × period × reporting unit
-- stage: fact
-- feeds: all
-- parameters: feed, period, period_end_on, public_feeds
-- names: reported, expected
-- replaces: mart.fct_report where feed = %(feed)s and period = %(period)s
-- What stands for the names is in the folder report: which units the rows name, and which they should name.
-- The rows of a personal feed are persons: their numbers are shown as those of fct_delivery are.
with report as (
    select
        submission.reporting_unit,
        min(delivery.received_at) as first_received_at,
        min(delivery.received_at) filter (where submission.state <> 'rejected') as accepted_at,
        count(*) as delivery_count,
        max(submission.submission_id) filter (where submission.is_current) as submission_id,
        (
            array_agg(submission.submission_id order by delivery.received_at, delivery.received_seq)
            filter (where submission.state <> 'rejected')
        )[1] as accepted_submission_id,
        -- The current submission with those that mend it; of a feed of versions every one counts.
        sum(delivery.rows_accepted) filter (where submission.state = 'loaded') as rows_accepted
    from ledger.submission
    inner join ledger.delivery
        on
            submission.submission_id = delivery.submission_id
            and delivery.verdict is distinct from 'duplicate'
    where submission.feed = %(feed)s and submission.period = %(period)s
    group by submission.reporting_unit
),

held_back as (
    select
        reporting_unit,
        row_key as unit,
        submission_id,
        sheet,
        source_row
    from quarantine.quarantined_row
    where feed = %(feed)s and period = %(period)s and closed_by is null
),

reported as ({reported}),

expected as ({expected}),

counted as (
    select
        expected.reporting_unit,
        count(*) as expected_units,
        count(reported.unit) as reported_units
    from expected
    left join reported on expected.reporting_unit = reported.reporting_unit and expected.unit = reported.unit
    group by expected.reporting_unit
)

insert into mart.fct_report (
    feed, period, reporting_unit, period_end_on, first_received_at, accepted_at, delivery_count,
    submission_id, accepted_submission_id, rows_accepted, rows_quarantined, expected_units, reported_units
)
select
    %(feed)s,
    %(period)s,
    report.reporting_unit,
    %(period_end_on)s,
    report.first_received_at,
    report.accepted_at,
    report.delivery_count,
    report.submission_id,
    report.accepted_submission_id,
    case
        when %(feed)s = any(%(public_feeds)s) then report.rows_accepted
        when report.rows_accepted not between 1 and 4 then report.rows_accepted - mod(report.rows_accepted, 5)
    end as rows_accepted,
    case
        when %(feed)s = any(%(public_feeds)s) then waiting.row_count
        when waiting.row_count not between 1 and 4 then waiting.row_count - mod(waiting.row_count, 5)
    end as rows_quarantined,
    counted.expected_units,
    counted.reported_units
from report
left join lateral (
    select count(*) as row_count
    from held_back
    where held_back.reporting_unit = report.reporting_unit
) as waiting on true
left join counted on report.reporting_unit = counted.reporting_unit and report.accepted_at is not null;
