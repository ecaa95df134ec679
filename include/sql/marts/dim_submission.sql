-- grain: submission
-- stage: dimension
-- feeds: all
-- parameters: feed, period
-- replaces: nothing
-- Submissions are never changed, so that one that is there stays as it is.
insert into mart.dim_submission (
    submission_id, feed, period, department_code, file_name, received_at, sha256
)
select
    submission.submission_id,
    submission.feed,
    submission.period,
    first_delivery.department_code,
    first_delivery.file_name,
    first_delivery.received_at,
    first_delivery.sha256
from ledger.submission as submission
-- Later deliveries of one submission are copies of the same bytes.
inner join lateral (
    select
        delivery.department_code,
        delivery.file_name,
        delivery.received_at,
        delivery.sha256
    from ledger.delivery as delivery
    where delivery.submission_id = submission.submission_id
    order by delivery.received_seq
    limit 1
) as first_delivery on true
where
    submission.feed = %(feed)s
    and submission.period = %(period)s
    and submission.state <> 'rejected'
on conflict (submission_id) do nothing;
