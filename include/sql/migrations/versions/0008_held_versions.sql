-- The day of a version that was held back: an older version of its record does not settle it.

alter table quarantine.quarantined_row add column version_on date;

comment on column quarantine.quarantined_row.version_on is
'Ngày của bản; trống khi ô đó có lỗi. / Day of the version; null where its cell is at fault.';

-- A settled row counts too: a file that was received before it, and is read late, may hold its record back.
drop index quarantine.quarantined_row_key;
create index quarantined_row_key on quarantine.quarantined_row (feed, row_key);
