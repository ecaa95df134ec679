-- The submissions of the same bytes that count, checked under the same versions: of a snapshot feed the
-- current ones, one a period, of an upsert feed all that were loaded.
select
    delivery.delivery_id,
    delivery.submission_id,
    delivery.file_name,
    delivery.received_at,
    delivery.rows_read,
    delivery.rows_accepted,
    delivery.rows_quarantined,
    delivery.rows_skipped,
    submission.period,
    submission.period_source
from ledger.delivery
inner join ledger.submission on delivery.submission_id = submission.submission_id
left join ledger.submission as base on submission.mends_submission_id = base.submission_id
inner join ledger.attempt
    on delivery.delivery_id = attempt.delivery_id and submission.submission_id = attempt.submission_id
where
    delivery.feed = %(feed)s
    and delivery.reporting_unit = %(reporting_unit)s
    and delivery.sha256 = %(sha256)s
    and delivery.verdict <> 'duplicate'
    and (submission.is_current or base.is_current or (%(upsert)s and submission.state = 'loaded'))
    and attempt.contract_digest = %(contract_digest)s
    and attempt.suite_digest = %(suite_digest)s
    and attempt.reference_digest = %(reference_digest)s
    and attempt.code_version = %(code_version)s
order by delivery.received_seq;
