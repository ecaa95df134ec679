update ledger.delivery
set
    receipt_path = %(receipt_path)s,
    answered_at = now()
where delivery_id = %(delivery_id)s;
