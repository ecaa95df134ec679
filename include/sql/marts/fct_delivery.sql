-- grain: delivery
-- stage: fact
-- feeds: ledger
-- parameters: public_feeds
-- replaces: mart.fct_delivery where delivery_id in (select delivery_id from staging.changed_delivery)
-- The rows of a personal feed are persons: their numbers are shown as those of the stations' own reports are.
with shown as (
    select
        delivery.delivery_id,
        jsonb_object_agg(
            counted.name,
            case
                when delivery.feed = any(%(public_feeds)s) then counted.number
                when counted.number not between 1 and 4 then counted.number - mod(counted.number, 5)
            end
        ) as counts
    from ledger.delivery as delivery
    inner join staging.changed_delivery as changed on delivery.delivery_id = changed.delivery_id
    inner join lateral (
        values
        ('read', delivery.rows_read),
        ('accepted', delivery.rows_accepted),
        ('unchanged', delivery.rows_unchanged),
        ('quarantined', delivery.rows_quarantined),
        ('skipped', delivery.rows_skipped)
    ) as counted (name, number) on true
    group by delivery.delivery_id
)

insert into mart.fct_delivery (
    delivery_id, feed, period, department_code, received_at, received_on, answered_at, answer_seconds,
    verdict, reason_code, rows_read, rows_accepted, rows_unchanged, rows_quarantined, rows_skipped
)
select
    delivery.delivery_id,
    delivery.feed,
    submission.period,
    delivery.department_code,
    delivery.received_at,
    (delivery.received_at at time zone 'Asia/Ho_Chi_Minh')::date as received_on,
    delivery.answered_at,
    extract(epoch from delivery.answered_at - delivery.received_at) as answer_seconds,
    delivery.verdict,
    delivery.reason_code,
    (shown.counts ->> 'read')::bigint as rows_read,
    (shown.counts ->> 'accepted')::bigint as rows_accepted,
    (shown.counts ->> 'unchanged')::bigint as rows_unchanged,
    (shown.counts ->> 'quarantined')::bigint as rows_quarantined,
    (shown.counts ->> 'skipped')::bigint as rows_skipped
from shown
inner join ledger.delivery as delivery on shown.delivery_id = delivery.delivery_id
left join ledger.submission as submission on delivery.submission_id = submission.submission_id;
