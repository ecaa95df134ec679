-- The submission that is the current state of a feed, reporting unit and period.
select submission_id
from ledger.submission
where
    feed = %(feed)s
    and reporting_unit = %(reporting_unit)s
    and period = %(period)s
    and is_current;
