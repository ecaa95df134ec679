-- Deliveries after a place in the order of arrival, with their answers.
select
    delivery.delivery_id,
    delivery.received_seq,
    delivery.received_at,
    delivery.folder,
    delivery.department_code as department,
    delivery.feed,
    delivery.file_name,
    delivery.sha256,
    submission.period,
    delivery.verdict,
    delivery.reason,
    delivery.rows_read,
    delivery.rows_accepted,
    delivery.rows_unchanged,
    delivery.rows_quarantined,
    delivery.rows_skipped,
    delivery.receipt_path,
    delivery.answered_at
from ledger.delivery
left join ledger.submission on delivery.submission_id = submission.submission_id
where delivery.received_seq > %(received_seq)s
order by delivery.received_seq;
