-- One row: a delivery with what its submission says about it.
select
    delivery.delivery_id,
    delivery.received_at,
    delivery.folder,
    delivery.department_code,
    delivery.feed,
    delivery.file_name,
    delivery.sha256,
    delivery.size_bytes,
    delivery.submission_id,
    delivery.verdict,
    delivery.reason_code,
    delivery.reason,
    coalesce(delivery.reason_details, '{}') as reason_details,
    delivery.rows_read,
    delivery.rows_accepted,
    coalesce(delivery.rows_unchanged, 0) as rows_unchanged,
    delivery.rows_new,
    delivery.rows_replaced,
    delivery.rows_older,
    delivery.rows_quarantined,
    delivery.rows_skipped,
    submission.period,
    submission.period_source,
    coalesce(submission.sheet_layout, '[]') as sheet_layout,
    -- A receipt shows a few of the numbers; a large file may have millions.
    coalesce(
        (
            select
                jsonb_object_agg(
                    skipped.why,
                    jsonb_build_object(
                        'count', jsonb_array_length(skipped.numbers),
                        'first', jsonb_path_query_array(skipped.numbers, '$[0 to 999]')
                    )
                )
            from jsonb_each(submission.skipped_rows) as skipped (why, numbers)
        ),
        '{}'
    ) as skipped_rows,
    coalesce(submission.notes, '[]') as notes
from ledger.delivery
left join ledger.submission on delivery.submission_id = submission.submission_id
where delivery.delivery_id = %(delivery_id)s;
