-- The plan and the indicators.

create table plan.document (
    document_code text primary key,
    number text,
    title_vi text not null,
    title_en text not null,
    status text not null check (status in ('draft', 'in_force', 'replaced')),
    dated_on date not null,
    source text not null,
    sureness text not null
);

comment on table plan.document is
'Mỗi dòng là một văn bản có mục tiêu. / One row per document that sets targets.';
comment on column plan.document.document_code is 'Mã văn bản. / Document code.';
comment on column plan.document.number is
'Số, ký hiệu; trống với dự thảo. / Official number; null for a draft.';
comment on column plan.document.title_vi is 'Tên văn bản. / Title in Vietnamese.';
comment on column plan.document.title_en is 'Tên tiếng Anh. / Title in English.';
comment on column plan.document.status is
'Tình trạng: dự thảo, hiệu lực, đã thay thế. / draft, in_force, replaced.';
comment on column plan.document.dated_on is
'Ngày ban hành hoặc ngày nghe dự thảo. / Day of issue or of hearing.';
comment on column plan.document.source is 'Nguồn. / Source.';
comment on column plan.document.sureness is
'Độ chắc chắn: đọc được, suy ra, hiểu biết chung. / How it is known: read, derived, general_knowledge.';

create table plan.indicator (
    indicator_code text primary key,
    name_vi text not null,
    name_en text not null,
    unit text not null,
    unit_vi text not null,
    feed text,
    numerator text not null,
    denominator text not null,
    aggregation text not null,
    definition_vi text not null,
    definition_en text not null,
    legal_basis text not null,
    owner_code text not null,
    direction text not null check (direction in ('higher_is_better', 'lower_is_better'))
);

comment on table plan.indicator is
'Mỗi dòng là một chỉ tiêu, một định nghĩa. / One row per indicator, one definition each.';
comment on column plan.indicator.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column plan.indicator.name_vi is 'Tên chỉ tiêu. / Name in Vietnamese.';
comment on column plan.indicator.name_en is 'Tên tiếng Anh. / Name in English.';
comment on column plan.indicator.unit is 'Đơn vị tính (mã). / Unit: hospital, pct.';
comment on column plan.indicator.unit_vi is 'Đơn vị tính, tiếng Việt. / Unit in Vietnamese.';
comment on column plan.indicator.feed is
'Nguồn dữ liệu; trống khi không có. / Feed it is computed from; null without one.';
comment on column plan.indicator.numerator is 'Tử số. / Numerator.';
comment on column plan.indicator.denominator is 'Mẫu số. / Denominator.';
comment on column plan.indicator.aggregation is
'Cách tổng hợp: đếm, tỷ số của hai tổng. / How parts make the whole: count, ratio_of_sums.';
comment on column plan.indicator.definition_vi is 'Định nghĩa. / Definition in Vietnamese.';
comment on column plan.indicator.definition_en is 'Định nghĩa bằng tiếng Anh. / Definition in English.';
comment on column plan.indicator.legal_basis is 'Căn cứ pháp lý. / Legal basis.';
comment on column plan.indicator.owner_code is 'Đơn vị chịu trách nhiệm. / Department that answers for it.';
comment on column plan.indicator.direction is
'Chiều tốt: cao hơn, thấp hơn. / higher_is_better, lower_is_better.';

create table plan.target (
    document_code text not null references plan.document deferrable initially deferred,
    indicator_code text not null references plan.indicator deferrable initially deferred,
    geography_code text not null,
    target_year integer not null,
    target_value numeric not null,
    unit text not null,
    direction text not null check (direction in ('at_least', 'at_most')),
    baseline_value numeric,
    baseline_year integer,
    baseline_sureness text,
    owner_code text not null,
    legal_basis text not null,
    source text not null,
    sureness text not null,
    primary key (document_code, indicator_code, geography_code, target_year),
    check (
        (baseline_value is null) = (baseline_year is null)
        and (baseline_value is null) = (baseline_sureness is null)
    )
);

comment on table plan.target is
'Mỗi dòng là một mục tiêu của một văn bản. / One row per target: document, indicator, area and year.';
comment on column plan.target.document_code is 'Văn bản. / Document.';
comment on column plan.target.indicator_code is 'Chỉ tiêu. / Indicator.';
comment on column plan.target.geography_code is 'Địa bàn: 38 là cả tỉnh. / Area: 38 is the whole province.';
comment on column plan.target.target_year is 'Năm phải đạt. / Year by which it is to be reached.';
comment on column plan.target.target_value is 'Mức phải đạt. / Value to be reached.';
comment on column plan.target.unit is 'Đơn vị tính (mã). / Unit: hospital, pct.';
comment on column plan.target.direction is 'Ít nhất hay nhiều nhất. / at_least, at_most.';
comment on column plan.target.baseline_value is
'Giá trị gốc; trống khi không có. / Baseline; null where none is known.';
comment on column plan.target.baseline_year is 'Năm gốc. / Year of the baseline.';
comment on column plan.target.baseline_sureness is
'Độ chắc chắn của giá trị gốc. / How the baseline is known: read, derived, general_knowledge.';
comment on column plan.target.owner_code is 'Đơn vị chịu trách nhiệm. / Department that answers for it.';
comment on column plan.target.legal_basis is 'Căn cứ pháp lý. / Legal basis.';
comment on column plan.target.source is 'Nguồn. / Source.';
comment on column plan.target.sureness is
'Độ chắc chắn: đọc được, suy ra, hiểu biết chung. / How it is known: read, derived, general_knowledge.';

create table ledger.mart_definition (
    digest text not null,
    recorded_at timestamptz not null default clock_timestamp() primary key
);

comment on table ledger.mart_definition is
'Mỗi dòng là một lần định nghĩa của bảng phân tích thay đổi. / One row per change of what marts are made by.';
comment on column ledger.mart_definition.digest is
'Phiên bản của câu lệnh, danh mục và kế hoạch. / Version of the models, code lists and plan together.';
comment on column ledger.mart_definition.recorded_at is 'Thời điểm thay đổi. / Time of the change.';

comment on table ledger.schema_version is
'Phiên bản cấu trúc kho dữ liệu. / Version of the warehouse''s structure, kept by Alembic.';
comment on column ledger.schema_version.version_num is 'Bước cập nhật mới nhất. / Latest migration.';

-- BI may not read schema plan, so that what it needs of the plan stands in mart as well.
create table mart.dim_indicator (like plan.indicator including all);
create table mart.dim_target (
    like plan.target including all,
    document_title_vi text not null,
    document_title_en text not null,
    document_status text not null,
    foreign key (indicator_code) references mart.dim_indicator deferrable initially deferred
);

comment on table mart.dim_indicator is
'Mỗi dòng là một chỉ tiêu, một định nghĩa. / One row per indicator, one definition each.';
comment on table mart.dim_target is
'Mỗi dòng là một mục tiêu của một văn bản. / One row per target: document, indicator, area and year.';
comment on column mart.dim_target.document_title_vi is 'Tên văn bản. / Title of the document in Vietnamese.';
comment on column mart.dim_target.document_title_en is
'Tên văn bản, tiếng Anh. / Title of the document in English.';
comment on column mart.dim_target.document_status is
'Tình trạng văn bản: dự thảo, hiệu lực, đã thay thế. / draft, in_force, replaced.';

create table mart.fct_indicator_value (
    indicator_code text not null references mart.dim_indicator on delete cascade,
    period text not null,
    geography_code text not null,
    vintage text not null check (vintage in ('reported', 'estimate', 'preliminary', 'final')),
    period_end_on date not null,
    numerator numeric,
    denominator numeric,
    value numeric,
    unit text not null,
    computed_at timestamptz not null default now(),
    primary key (indicator_code, period, geography_code, vintage)
);

comment on table mart.fct_indicator_value is
'Mỗi dòng là giá trị một chỉ tiêu trong một kỳ; kỳ không có dữ liệu thì không có dòng. '
'/ One row per indicator, period, area and vintage; no row where there is no data.';
comment on column mart.fct_indicator_value.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.fct_indicator_value.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_indicator_value.geography_code is
'Địa bàn: 38 là cả tỉnh. / Area: 38 is the whole province.';
comment on column mart.fct_indicator_value.vintage is
'Loại số liệu: báo cáo, ước tính, sơ bộ, chính thức. / reported, estimate, preliminary, final.';
comment on column mart.fct_indicator_value.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_indicator_value.numerator is 'Tử số. / Numerator.';
comment on column mart.fct_indicator_value.denominator is 'Mẫu số. / Denominator.';
comment on column mart.fct_indicator_value.value is
'Giá trị, không làm tròn; trống khi không tính được. / Value, not rounded; null where it cannot be computed.';
comment on column mart.fct_indicator_value.unit is 'Đơn vị tính (mã). / Unit: hospital, pct.';
comment on column mart.fct_indicator_value.computed_at is 'Thời điểm tính. / Time of the computation.';

create table mart.fct_indicator_row (
    indicator_code text not null,
    period text not null,
    geography_code text not null,
    vintage text not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    unit_code text,
    in_numerator boolean not null,
    quarantined boolean not null,
    primary key (indicator_code, period, geography_code, vintage, submission_id, source_sheet, source_row),
    foreign key (indicator_code, period, geography_code, vintage)
    references mart.fct_indicator_value on delete cascade
);

comment on table mart.fct_indicator_row is
'Mỗi dòng là một dòng của tệp được tính vào một giá trị. / One row per row of a file that a value counts.';
comment on column mart.fct_indicator_row.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.fct_indicator_row.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_indicator_row.geography_code is 'Địa bàn. / Area.';
comment on column mart.fct_indicator_row.vintage is 'Loại số liệu. / Vintage.';
comment on column mart.fct_indicator_row.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_indicator_row.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_indicator_row.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';
comment on column mart.fct_indicator_row.unit_code is
'Mã bệnh viện, trạm hoặc xã; trống khi dòng bị giữ lại thiếu mã. '
'/ Code of the hospital, station or commune; null where a quarantined row lacks it.';
comment on column mart.fct_indicator_row.in_numerator is
'Được tính vào tử số. / Whether it counts in the numerator.';
comment on column mart.fct_indicator_row.quarantined is
'Dòng đang bị giữ lại, chỉ tính vào mẫu số. / Held back: counts in the denominator only.';

create table mart.fct_indicator_source (
    indicator_code text not null,
    period text not null,
    geography_code text not null,
    vintage text not null,
    submission_id bigint not null,
    file_name text not null,
    department_code text not null,
    received_at timestamptz not null,
    sha256 text not null,
    rows_used bigint not null,
    quarantined_rows_used bigint not null,
    primary key (indicator_code, period, geography_code, vintage, submission_id),
    foreign key (indicator_code, period, geography_code, vintage)
    references mart.fct_indicator_value on delete cascade
);

comment on table mart.fct_indicator_source is
'Mỗi dòng là một tệp mà một giá trị dựa vào; các dòng của tệp ở fct_indicator_row. '
'/ One row per file that a value rests on; fct_indicator_row has its rows.';
comment on column mart.fct_indicator_source.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.fct_indicator_source.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_indicator_source.geography_code is 'Địa bàn. / Area.';
comment on column mart.fct_indicator_source.vintage is 'Loại số liệu. / Vintage.';
comment on column mart.fct_indicator_source.submission_id is 'Lần nộp. / Submission.';
comment on column mart.fct_indicator_source.file_name is 'Tên tệp của người gửi. / The sender''s file name.';
comment on column mart.fct_indicator_source.department_code is 'Đơn vị gửi. / Department that sent it.';
comment on column mart.fct_indicator_source.received_at is 'Thời điểm tiếp nhận. / Time it was received.';
comment on column mart.fct_indicator_source.sha256 is 'Mã băm của nội dung tệp. / Hash of the file''s bytes.';
comment on column mart.fct_indicator_source.rows_used is
'Số dòng được nhận đã tính. / Accepted rows that the value counts.';
comment on column mart.fct_indicator_source.quarantined_rows_used is
'Số dòng bị giữ lại được tính vào mẫu số. / Quarantined rows counted in the denominator.';
