-- The place of an archive key among those that were in use, if it is one of them.
select version
from ledger.archive_key
where recipient = %(recipient)s;
