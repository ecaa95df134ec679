-- One arrival: numbered in the order of arrival; rejected at once where its folder fits no feed.
insert into ledger.delivery (
    received_seq, folder, department_code, feed, reporting_unit, file_name, claim_token, sha256, size_bytes,
    verdict, reason_code, reason, reason_details, decided_at, rows_read, rows_accepted, rows_unchanged,
    rows_quarantined, rows_skipped
)
values (
    (select coalesce(max(received_seq), 0) + 1 from ledger.delivery),
    %(folder)s,
    %(department_code)s,
    %(feed)s,
    %(reporting_unit)s,
    %(file_name)s,
    %(claim_token)s,
    %(sha256)s,
    %(size_bytes)s,
    %(verdict)s,
    %(reason_code)s,
    %(reason)s,
    %(reason_details)s,
    case when %(verdict)s::text is not null then now() end,
    %(rows)s,
    %(rows)s,
    %(rows)s,
    %(rows)s,
    %(rows)s
)
returning delivery_id;
