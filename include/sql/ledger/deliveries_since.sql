-- Deliveries after a place in the order of arrival, as `dxpipeline import` shows them.
select
    delivery.delivery_id,
    delivery.folder,
    delivery.department_code as department,
    delivery.feed,
    delivery.file_name,
    submission.period,
    delivery.verdict,
    delivery.reason,
    delivery.rows_read,
    delivery.rows_accepted,
    delivery.rows_unchanged,
    delivery.rows_quarantined,
    delivery.rows_skipped,
    delivery.receipt_path
from ledger.delivery
left join ledger.submission on delivery.submission_id = submission.submission_id
where delivery.received_seq > %(received_seq)s
order by delivery.received_seq;
