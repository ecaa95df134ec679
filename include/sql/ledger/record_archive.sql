update ledger.delivery
set archived_at = now()
where delivery_id = %(delivery_id)s;
