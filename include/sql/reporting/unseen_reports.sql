-- The reports of which more or fewer files came than their facts know.
select distinct
    came.feed,
    came.period
from (
    select
        submission.feed,
        submission.period,
        submission.reporting_unit,
        count(*) as delivery_count
    from ledger.submission
    inner join ledger.delivery
        on
            submission.submission_id = delivery.submission_id
            and delivery.verdict is distinct from 'duplicate'
    where submission.feed = any(%(feeds)s) and submission.period is not null
    group by submission.feed, submission.period, submission.reporting_unit
) as came
left join mart.fct_report as known
    on
        came.feed = known.feed
        and came.period = known.period
        and came.reporting_unit = known.reporting_unit
where came.delivery_count is distinct from known.delivery_count
order by came.feed, came.period;
