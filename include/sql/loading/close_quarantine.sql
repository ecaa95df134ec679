-- A replacement brings the whole state: what earlier files left open is settled by it.
update quarantine.quarantined_row
set
    closed_by = %(submission_id)s,
    closed_at = now()
where
    feed = %(feed)s
    and reporting_unit = %(reporting_unit)s
    and period = %(period)s
    and submission_id <> %(submission_id)s
    and closed_by is null;
