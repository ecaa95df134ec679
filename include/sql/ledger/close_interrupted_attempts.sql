-- Attempts at deliveries that their own worker gave up, for what is no failure of the file.
update ledger.attempt
set finished_at = clock_timestamp()
where
    delivery_id = any(%(delivery_ids)s)
    and attempt_id > %(last_attempt)s
    and finished_at is null;
