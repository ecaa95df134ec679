-- The verdict, once: a delivery that has one keeps it.
update ledger.delivery
set
    submission_id = %(submission_id)s,
    verdict = %(verdict)s,
    reason_code = %(reason_code)s,
    reason = %(reason)s,
    reason_details = %(reason_details)s,
    rows_read = %(rows_read)s,
    rows_accepted = %(rows_accepted)s,
    rows_unchanged = %(rows_unchanged)s,
    rows_new = %(rows_new)s,
    rows_replaced = %(rows_replaced)s,
    rows_older = %(rows_older)s,
    rows_quarantined = %(rows_quarantined)s,
    rows_skipped = %(rows_skipped)s,
    decided_at = now()
where delivery_id = %(delivery_id)s and verdict is null
returning delivery_id;
