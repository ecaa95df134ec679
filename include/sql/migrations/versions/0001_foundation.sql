-- Schemas, roles' rights, the ledger and the quarantine.

create schema staging;
create schema core;
create schema quarantine;
create schema plan;
create schema mart;

comment on schema staging is
'Dữ liệu đang nạp, bị xóa sau mỗi lần nạp. / Rows on their way, dropped after each load.';
comment on schema core is
'Dữ liệu đã kiểm tra, mỗi nguồn một bảng. / Checked data, one table per feed.';
comment on schema quarantine is
'Dòng bị giữ lại chờ sửa. / Rows held back until they are mended.';
comment on schema ledger is
'Sổ cái: mọi tệp nhận được và điều đã xảy ra với nó. / Every file received and what became of it.';
comment on schema plan is
'Kế hoạch hành động: văn bản, chỉ tiêu, mục tiêu. / The action plan: documents, indicators, targets.';
comment on schema mart is
'Dữ liệu cho phân tích, nơi duy nhất BI được đọc. / Data for analysis, the only place BI reads.';

-- Later tables get the same rights as today's.
grant usage on schema core, quarantine, ledger, plan, mart to dx_writer;
grant usage, create on schema staging to dx_writer;
alter default privileges in schema core grant select, insert, update, delete on tables to dx_writer;
alter default privileges in schema quarantine grant select, insert, update, delete on tables to dx_writer;
alter default privileges in schema ledger grant select, insert, update, delete on tables to dx_writer;
alter default privileges in schema plan grant select, insert, update, delete on tables to dx_writer;
alter default privileges in schema mart grant select, insert, update, delete on tables to dx_writer;
alter default privileges in schema core grant usage, select on sequences to dx_writer;
alter default privileges in schema ledger grant usage, select on sequences to dx_writer;
alter default privileges in schema mart grant usage, select on sequences to dx_writer;
grant usage on schema mart to dx_bi_reader;
alter default privileges in schema mart grant select on tables to dx_bi_reader;

create table ledger.submission (
    submission_id bigint generated always as identity primary key,
    feed text not null,
    department_code text not null,
    reporting_unit text not null,
    period text,
    period_source text,
    state text not null check (state in ('loaded', 'rejected', 'superseded')),
    is_current boolean not null default false,
    superseded_by bigint references ledger.submission,
    mends_submission_id bigint references ledger.submission,
    is_correction boolean not null default false,
    sheet_layout jsonb not null default '[]',
    skipped_rows jsonb not null default '{}',
    notes jsonb not null default '[]',
    created_at timestamptz not null default now(),
    check (not is_current or (state = 'loaded' and mends_submission_id is null))
);
create unique index submission_current_key on ledger.submission (feed, reporting_unit, period)
where is_current;
create index submission_mends_key on ledger.submission (mends_submission_id)
where mends_submission_id is not null;

comment on table ledger.submission is
'Mỗi dòng là nội dung của một tệp không trùng lặp. / One row per delivery that is not a duplicate.';
comment on column ledger.submission.submission_id is 'Số lần nộp. / Number of the submission.';
comment on column ledger.submission.feed is 'Nguồn dữ liệu. / Feed.';
comment on column ledger.submission.department_code is 'Đơn vị gửi. / Department that sent it.';
comment on column ledger.submission.reporting_unit is
'Đơn vị báo cáo (nhiệm vụ, không phải tên sở). / Reporting unit: the duty, not the department.';
comment on column ledger.submission.period is 'Kỳ báo cáo, ví dụ 2021-Q1. / Reporting period.';
comment on column ledger.submission.period_source is
'Nơi đọc được kỳ báo cáo: tiêu đề, cột, tên tệp. / Where the period was read: title, column, name.';
comment on column ledger.submission.state is
'Trạng thái: đã nạp, bị từ chối, đã được thay thế. / State: loaded, rejected, superseded.';
comment on column ledger.submission.is_current is
'Là bản hiện hành của kỳ. / Whether it is the current state of its period.';
comment on column ledger.submission.superseded_by is 'Lần nộp thay thế. / Submission that replaced it.';
comment on column ledger.submission.mends_submission_id is
'Lần nộp được bổ sung. / Submission whose quarantined rows it mends.';
comment on column ledger.submission.is_correction is
'Tên tệp hoặc tiêu đề ghi thay thế, đính chính. / Name or title says it is a correction.';
comment on column ledger.submission.sheet_layout is
'Trang tính, dòng tiêu đề và vị trí các cột. / Sheets, header rows and positions of the columns.';
comment on column ledger.submission.skipped_rows is
'Các dòng bỏ qua theo lý do. / Rows skipped, by reason.';
comment on column ledger.submission.notes is 'Ghi chú khi đọc. / Notes of the reading.';
comment on column ledger.submission.created_at is 'Thời điểm ghi. / Time of the record.';

create table ledger.delivery (
    delivery_id bigint generated always as identity primary key,
    received_seq bigint not null unique,
    received_at timestamptz not null default now(),
    folder text not null,
    department_code text,
    feed text,
    reporting_unit text,
    file_name text not null,
    claim_token text not null unique,
    sha256 text not null,
    size_bytes bigint not null,
    submission_id bigint references ledger.submission,
    verdict text check (
        verdict in ('accepted', 'accepted_with_warnings', 'partially_accepted', 'rejected', 'duplicate')
    ),
    reason_code text,
    reason text,
    reason_details jsonb,
    rows_read integer,
    rows_accepted integer,
    rows_unchanged integer,
    rows_quarantined integer,
    rows_skipped integer,
    decided_at timestamptz,
    receipt_path text,
    answered_at timestamptz,
    archived_at timestamptz,
    check (rows_read = rows_accepted + rows_quarantined + rows_skipped),
    check ((verdict is null) = (decided_at is null)),
    check (verdict is null or rows_read is not null)
);
create index delivery_pending_key on ledger.delivery (feed, reporting_unit, received_seq)
where verdict is null;
create index delivery_unanswered_key on ledger.delivery (received_seq) where archived_at is null;
create index delivery_bytes_key on ledger.delivery (sha256);
create index delivery_submission_key on ledger.delivery (submission_id);

comment on table ledger.delivery is
'Mỗi dòng là một tệp đến, một phiếu trả lời. / One row per arrival of a file, one receipt each.';
comment on column ledger.delivery.delivery_id is 'Số tiếp nhận. / Number of the delivery.';
comment on column ledger.delivery.received_seq is
'Thứ tự đến, cố định khi tiếp nhận; là thứ tự của sự thật. / Order of arrival, fixed at claim.';
comment on column ledger.delivery.received_at is 'Thời điểm tiếp nhận. / Time of the claim.';
comment on column ledger.delivery.folder is
'Thư mục trong hộp nhập mà tệp nằm. / Folder below the import folder where it lay.';
comment on column ledger.delivery.department_code is
'Đơn vị gửi; trống khi thư mục lạ. / Department; null for an unknown folder.';
comment on column ledger.delivery.feed is 'Nguồn dữ liệu; trống khi lạ. / Feed; null where none fits.';
comment on column ledger.delivery.reporting_unit is 'Đơn vị báo cáo. / Reporting unit.';
comment on column ledger.delivery.file_name is 'Tên tệp của người gửi. / The sender''s file name.';
comment on column ledger.delivery.claim_token is
'Tên thư mục làm việc của tệp. / Name of the file''s folder in the work area.';
comment on column ledger.delivery.sha256 is 'Mã băm của nội dung. / Hash of the bytes.';
comment on column ledger.delivery.size_bytes is 'Kích thước (byte). / Size in bytes.';
comment on column ledger.delivery.submission_id is
'Lần nộp tương ứng; của tệp trùng là lần nộp đầu. / Its submission; a duplicate names the first one.';
comment on column ledger.delivery.verdict is 'Kết luận. / Verdict.';
comment on column ledger.delivery.reason_code is 'Mã lý do. / Code of the reason.';
comment on column ledger.delivery.reason is 'Lý do bằng lời. / Reason as a sentence.';
comment on column ledger.delivery.reason_details is 'Chi tiết của lý do. / Details of the reason.';
comment on column ledger.delivery.rows_read is 'Số dòng trong vùng bảng. / Lines of the table area.';
comment on column ledger.delivery.rows_accepted is 'Số dòng được nhận. / Rows accepted.';
comment on column ledger.delivery.rows_unchanged is
'Trong số được nhận, số dòng không đổi so với trước. / Accepted rows that were already so.';
comment on column ledger.delivery.rows_quarantined is 'Số dòng bị giữ lại. / Rows quarantined.';
comment on column ledger.delivery.rows_skipped is
'Số dòng bỏ qua (nhóm, tổng, trống). / Lines skipped (group, total, blank, repeated header).';
comment on column ledger.delivery.decided_at is 'Thời điểm kết luận. / Time of the verdict.';
comment on column ledger.delivery.receipt_path is
'Phiếu trả lời, tính từ hộp trả lời. / Receipt, relative to the outbox.';
comment on column ledger.delivery.answered_at is 'Thời điểm trả lời. / Time of the answer.';
comment on column ledger.delivery.archived_at is 'Thời điểm lưu trữ. / Time of archiving.';

create table ledger.attempt (
    attempt_id bigint generated always as identity primary key,
    delivery_id bigint not null references ledger.delivery,
    submission_id bigint references ledger.submission,
    started_at timestamptz not null default clock_timestamp(),
    server_started_at timestamptz not null default pg_postmaster_start_time(),
    finished_at timestamptz,
    error text,
    contract_digest text,
    suite_digest text,
    reference_digest text,
    code_version text not null,
    expectation_results jsonb
);
create index attempt_delivery_key on ledger.attempt (delivery_id);
create index attempt_submission_key on ledger.attempt (submission_id);

comment on table ledger.attempt is
'Mỗi dòng là một lần xử lý. / One row per processing, with the versions used.';
comment on column ledger.attempt.attempt_id is 'Số lần xử lý. / Number of the attempt.';
comment on column ledger.attempt.delivery_id is 'Tệp được xử lý. / Delivery processed.';
comment on column ledger.attempt.submission_id is 'Lần nộp tạo ra. / Submission it led to.';
comment on column ledger.attempt.started_at is 'Bắt đầu. / Start.';
comment on column ledger.attempt.server_started_at is
'Lúc máy chủ dữ liệu khởi động. / Start of the database server; another one since means an outage.';
comment on column ledger.attempt.finished_at is
'Kết thúc; trống khi bị ngắt. / End; null while running or when it was killed.';
comment on column ledger.attempt.error is 'Lỗi của chương trình, nếu có. / Failure of the program, if any.';
comment on column ledger.attempt.contract_digest is 'Phiên bản hợp đồng dữ liệu. / Version of the contract.';
comment on column ledger.attempt.suite_digest is 'Phiên bản bộ quy tắc. / Version of the suite.';
comment on column ledger.attempt.reference_digest is 'Phiên bản danh mục. / Version of the code lists.';
comment on column ledger.attempt.code_version is 'Phiên bản chương trình. / Version of the program.';
comment on column ledger.attempt.expectation_results is
'Kết quả từng quy tắc, không có giá trị. / Result of each rule in GX''s format, without values.';

create table ledger.issue (
    issue_id bigint generated always as identity primary key,
    submission_id bigint not null references ledger.submission,
    sheet text,
    source_row integer,
    column_name text,
    code text not null,
    severity text not null check (severity in ('critical', 'warning')),
    rule text not null,
    value text,
    details jsonb
);
create index issue_submission_key on ledger.issue (submission_id, source_row);

comment on table ledger.issue is
'Mỗi dòng là một lỗi hoặc cảnh báo tại một ô. / One row per error or warning at a cell.';
comment on column ledger.issue.issue_id is 'Số lỗi. / Number of the issue.';
comment on column ledger.issue.submission_id is 'Lần nộp. / Submission.';
comment on column ledger.issue.sheet is 'Trang tính. / Sheet; null for a text file.';
comment on column ledger.issue.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';
comment on column ledger.issue.column_name is 'Cột; trống khi hỏng cả dòng. / Column; null for a whole line.';
comment on column ledger.issue.code is 'Mã lỗi. / Code of the issue.';
comment on column ledger.issue.severity is 'Mức độ: lỗi hoặc cảnh báo. / Severity.';
comment on column ledger.issue.rule is 'Quy tắc bị vi phạm. / Rule that failed.';
comment on column ledger.issue.value is
'Giá trị trong ô (được che nếu là dữ liệu cá nhân). / Value shown or mask.';
comment on column ledger.issue.details is 'Chi tiết cho câu giải thích. / Details for the sentence.';

create table ledger.mart_refresh (
    feed text not null,
    period text not null,
    marked_at timestamptz not null default now(),
    primary key (feed, period)
);

comment on table ledger.mart_refresh is
'Nguồn và kỳ cần tính lại chỉ tiêu. / Feeds and periods whose marts must be computed again.';
comment on column ledger.mart_refresh.feed is 'Nguồn dữ liệu. / Feed.';
comment on column ledger.mart_refresh.period is 'Kỳ báo cáo. / Reporting period.';
comment on column ledger.mart_refresh.marked_at is 'Thời điểm đánh dấu. / Time of the mark.';

create table quarantine.quarantined_row (
    submission_id bigint not null references ledger.submission,
    sheet text not null default '',
    source_row integer not null,
    feed text not null,
    reporting_unit text not null,
    period text not null,
    row_key text[],
    codes text[] not null,
    cells jsonb not null default '{}',
    closed_by bigint references ledger.submission,
    closed_at timestamptz,
    primary key (submission_id, sheet, source_row),
    check ((closed_by is null) = (closed_at is null))
);
create index quarantined_row_open_key on quarantine.quarantined_row (feed, reporting_unit, period)
where closed_by is null;

comment on table quarantine.quarantined_row is
'Mỗi dòng là một dòng bị giữ lại. / One row per row held back, open until it is mended or replaced.';
comment on column quarantine.quarantined_row.submission_id is 'Lần nộp. / Submission.';
comment on column quarantine.quarantined_row.sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column quarantine.quarantined_row.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';
comment on column quarantine.quarantined_row.feed is 'Nguồn dữ liệu. / Feed.';
comment on column quarantine.quarantined_row.reporting_unit is 'Đơn vị báo cáo. / Reporting unit.';
comment on column quarantine.quarantined_row.period is 'Kỳ báo cáo. / Reporting period.';
comment on column quarantine.quarantined_row.row_key is
'Khóa của dòng; trống khi thiếu. / Key of the row; null where a part is missing.';
comment on column quarantine.quarantined_row.codes is 'Các mã lỗi. / Codes of its issues.';
comment on column quarantine.quarantined_row.cells is
'Giá trị các ô có lỗi (được che nếu là dữ liệu cá nhân). / Values of the cells at fault, or masks.';
comment on column quarantine.quarantined_row.closed_by is
'Lần nộp đã sửa hoặc thay thế. / Submission that mended or replaced it.';
comment on column quarantine.quarantined_row.closed_at is 'Thời điểm khép lại. / Time of closing.';
