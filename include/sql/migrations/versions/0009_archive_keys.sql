-- The keys for which files were archived, so that another one is noticed.

create table ledger.archive_key (
    version smallint primary key,
    recipient text not null unique,
    first_used_at timestamptz not null default now()
);
comment on table ledger.archive_key is
'Các khóa lưu trữ đã dùng; chỉ phần công khai. / Archive keys that were in use; their public part only.';
comment on column ledger.archive_key.version is 'Thứ tự sử dụng. / Place in the order of use.';
comment on column ledger.archive_key.recipient is
'Phần công khai của khóa. / Public part of the key: it encrypts and opens nothing.';
comment on column ledger.archive_key.first_used_at is 'Lần dùng đầu tiên. / First use.';
