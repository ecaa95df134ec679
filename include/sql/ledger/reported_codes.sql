-- Every code that the reports of a feed have named, with the number of the first delivery that did.
select
    named.code,
    min(delivery.received_seq) as received_seq
from (
    select distinct
        submission_id,
        {key} as code
    from {core}
    union
    select
        submission_id,
        row_key[1] as code
    from quarantine.quarantined_row
    where feed = %(feed)s and row_key is not null
) as named
inner join ledger.delivery as delivery on named.submission_id = delivery.submission_id
group by named.code;
