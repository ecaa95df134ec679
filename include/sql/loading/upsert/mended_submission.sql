-- The submission whose mended copy this delivery is: the copy has the number of its delivery in its name.
select mended.submission_id
from ledger.delivery as own
inner join ledger.delivery as mended
    on
        own.feed = mended.feed
        and mended.submission_id is not null
        and own.received_seq > mended.received_seq
        and mended.delivery_id = (
            left((regexp_match(normalize(own.file_name, nfc), '.* - ' || %(mark)s || ' - ([0-9]+)'))[1], 18)
        )::bigint
where own.delivery_id = %(delivery_id)s;
