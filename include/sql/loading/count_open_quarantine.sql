-- How many rows of the current state are held back.
select count(*)
from quarantine.quarantined_row
where
    feed = %(feed)s
    and reporting_unit = %(reporting_unit)s
    and period = %(period)s
    and closed_by is null;
