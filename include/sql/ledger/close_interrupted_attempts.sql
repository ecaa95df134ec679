-- Attempts of a reporting unit that their own worker gave up, for what is no failure of the file.
update ledger.attempt
set finished_at = clock_timestamp()
from ledger.delivery
where
    attempt.delivery_id = delivery.delivery_id
    and delivery.feed = %(feed)s
    and delivery.reporting_unit = %(reporting_unit)s
    and attempt.attempt_id > %(last_attempt)s
    and attempt.finished_at is null;
