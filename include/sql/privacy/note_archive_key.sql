-- Remember the archive key at its first use: the first of all, or one that stands before the newest known.
insert into ledger.archive_key (version, recipient)
select
    coalesce(max(version), 0) + 1 as new_version,
    %(recipient)s as new_recipient
from ledger.archive_key
having
    count(*) = 0
    or (
        (array_agg(recipient order by version desc))[1] = any(%(earlier)s)
        and not bool_or(recipient = %(recipient)s)
    )
on conflict do nothing;
