-- One row per other delivery that a delivery's submission has to do with, and how.
with own as (
    select
        delivery.verdict,
        submission.submission_id,
        submission.mends_submission_id,
        submission.superseded_by
    from ledger.delivery
    inner join ledger.submission on delivery.submission_id = submission.submission_id
    where delivery.delivery_id = %(delivery_id)s
),

related as (
    select
        'repeats' as relation,
        own.submission_id
    from own
    where own.verdict = 'duplicate'
    union all
    select
        'mends' as relation,
        own.mends_submission_id as submission_id
    from own
    where own.mends_submission_id is not null and own.verdict <> 'duplicate'
    union all
    select
        'superseded_by' as relation,
        own.superseded_by as submission_id
    from own
    where own.superseded_by is not null and own.verdict <> 'duplicate'
    union all
    select
        'supersedes' as relation,
        earlier.submission_id
    from own
    inner join ledger.submission as earlier on own.submission_id = earlier.superseded_by
    where own.verdict <> 'duplicate'
)

select
    related.relation,
    first_delivery.delivery_id,
    first_delivery.file_name,
    first_delivery.received_at
from related
inner join ledger.delivery as first_delivery
    on related.submission_id = first_delivery.submission_id and first_delivery.verdict <> 'duplicate'
order by first_delivery.received_seq;
