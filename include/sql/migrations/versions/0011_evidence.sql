-- What values rest on, in one form for all feeds: rows of files, or files only where the rows are persons'.

create table mart.dim_submission (
    submission_id bigint primary key,
    feed text not null,
    period text not null,
    department_code text not null,
    file_name text not null,
    received_at timestamptz not null,
    sha256 text not null
);
create index dim_submission_feed_period_key on mart.dim_submission (feed, period);

comment on table mart.dim_submission is
'Mỗi dòng là một lần nộp đã được nhận, với tệp đầu tiên mang nội dung đó. '
'/ One row per submission that was loaded, with the first file of its content.';
comment on column mart.dim_submission.submission_id is 'Lần nộp. / Submission.';
comment on column mart.dim_submission.feed is 'Nguồn dữ liệu. / Feed.';
comment on column mart.dim_submission.period is 'Kỳ báo cáo của tệp. / Reporting period of the file.';
comment on column mart.dim_submission.department_code is 'Đơn vị gửi. / Department that sent it.';
comment on column mart.dim_submission.file_name is 'Tên tệp của người gửi. / The sender''s file name.';
comment on column mart.dim_submission.received_at is 'Thời điểm tiếp nhận. / Time it was received.';
comment on column mart.dim_submission.sha256 is 'Mã băm của nội dung tệp. / Hash of the file''s bytes.';

create table mart.fct_indicator_file (
    indicator_code text not null,
    period text not null,
    geography_code text not null,
    vintage text not null,
    submission_id bigint not null,
    primary key (indicator_code, period, geography_code, vintage, submission_id),
    foreign key (indicator_code, period, geography_code, vintage)
    references mart.fct_indicator_value on delete cascade
);

comment on table mart.fct_indicator_file is
'Mỗi dòng là một tệp mà một giá trị dựa vào, khi các dòng là của từng người hoặc giá trị đếm báo cáo. '
'/ One row per file that a value rests on, where its rows are persons'' or the value counts reports.';
comment on column mart.fct_indicator_file.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.fct_indicator_file.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_indicator_file.geography_code is 'Địa bàn. / Area.';
comment on column mart.fct_indicator_file.vintage is 'Loại số liệu. / Vintage.';
comment on column mart.fct_indicator_file.submission_id is 'Lần nộp. / Submission.';

drop table mart.fct_indicator_source;

create view mart.fct_indicator_source with (security_invoker = true) as
select
    used.indicator_code,
    used.period,
    used.geography_code,
    used.vintage,
    used.submission_id,
    submission.file_name,
    submission.department_code,
    submission.received_at,
    submission.sha256,
    count(*) filter (where not used.quarantined) as rows_used,
    count(*) filter (where used.quarantined) as quarantined_rows_used
from mart.fct_indicator_row as used
inner join mart.dim_submission as submission on used.submission_id = submission.submission_id
group by
    used.indicator_code, used.period, used.geography_code, used.vintage, used.submission_id,
    submission.submission_id
union all
select
    used.indicator_code,
    used.period,
    used.geography_code,
    used.vintage,
    used.submission_id,
    submission.file_name,
    submission.department_code,
    submission.received_at,
    submission.sha256,
    null as rows_used,
    0 as quarantined_rows_used
from mart.fct_indicator_file as used
inner join mart.dim_submission as submission on used.submission_id = submission.submission_id;

comment on view mart.fct_indicator_source is
'Mỗi dòng là một tệp mà một giá trị dựa vào; các dòng của tệp ở fct_indicator_row, trừ dữ liệu cá nhân. '
'/ One row per file that a value rests on; fct_indicator_row has its rows, except those of persons.';
comment on column mart.fct_indicator_source.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.fct_indicator_source.period is 'Kỳ của giá trị. / Period of the value.';
comment on column mart.fct_indicator_source.geography_code is 'Địa bàn. / Area.';
comment on column mart.fct_indicator_source.vintage is 'Loại số liệu. / Vintage.';
comment on column mart.fct_indicator_source.submission_id is 'Lần nộp. / Submission.';
comment on column mart.fct_indicator_source.file_name is 'Tên tệp của người gửi. / The sender''s file name.';
comment on column mart.fct_indicator_source.department_code is 'Đơn vị gửi. / Department that sent it.';
comment on column mart.fct_indicator_source.received_at is 'Thời điểm tiếp nhận. / Time it was received.';
comment on column mart.fct_indicator_source.sha256 is 'Mã băm của nội dung tệp. / Hash of the file''s bytes.';
comment on column mart.fct_indicator_source.rows_used is
'Số dòng được nhận đã tính; trống khi các dòng là của từng người hoặc giá trị đếm báo cáo. '
'/ Accepted rows that the value counts; null where they are persons'' or the value counts reports.';
comment on column mart.fct_indicator_source.quarantined_rows_used is
'Số dòng bị giữ lại được tính vào mẫu số. / Quarantined rows counted in the denominator.';

comment on column mart.fct_indicator_row.unit_code is
'Mã đơn vị hoặc năm mà dòng nói đến; trống khi dòng bị giữ lại thiếu mã. '
'/ Code of the unit or the year that the row is about; null where a quarantined row lacks it.';

-- Stock, flow and cumulative are kept apart, and vintages are told. Seeding says the rest of the old rows.
alter table plan.indicator
add column measure text not null default 'stock',
add column vintages text not null default 'reported';
alter table mart.dim_indicator
add column measure text not null default 'stock',
add column vintages text not null default 'reported';
comment on column plan.indicator.measure is
'Loại số: thời điểm, thời kỳ, cộng dồn, tốc độ, thứ hạng. / stock, flow, cumulative, growth, rank.';
comment on column plan.indicator.vintages is
'Loại số liệu có thể có. / Vintages of its values: reported, estimate_preliminary_final, published.';
comment on column mart.dim_indicator.measure is
'Loại số: thời điểm, thời kỳ, cộng dồn, tốc độ, thứ hạng. / stock, flow, cumulative, growth, rank.';
comment on column mart.dim_indicator.vintages is
'Loại số liệu có thể có. / Vintages of its values: reported, estimate_preliminary_final, published.';
comment on column plan.indicator.aggregation is
'Cách tổng hợp. / How parts make the whole: count, ratio_of_sums, geometric_mean, growth_accounting, none.';
comment on column mart.dim_indicator.aggregation is
'Cách tổng hợp. / How parts make the whole: count, ratio_of_sums, geometric_mean, growth_accounting, none.';

-- What others have published of an indicator.
create table plan.observation (
    indicator_code text not null references plan.indicator deferrable initially deferred,
    year integer not null,
    value numeric not null,
    method text not null,
    source text not null,
    sureness text not null,
    primary key (indicator_code, year)
);
comment on table plan.observation is
'Mỗi dòng là một giá trị do nơi khác công bố. / One row per value that others have published.';
comment on column plan.observation.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column plan.observation.year is 'Năm. / Year.';
comment on column plan.observation.value is 'Giá trị, đơn vị của chỉ tiêu. / Value in the indicator''s unit.';
comment on column plan.observation.method is
'Phương pháp; năm khác phương pháp không thành chuỗi. / Method; years of different ones make no series.';
comment on column plan.observation.source is 'Nguồn. / Source.';
comment on column plan.observation.sureness is
'Độ chắc chắn: đọc được, suy ra, hiểu biết chung. / How it is known: read, derived, general_knowledge.';
create table mart.dim_observation (
    like plan.observation including all,
    foreign key (indicator_code) references mart.dim_indicator deferrable initially deferred
);
comment on table mart.dim_observation is
'Mỗi dòng là một giá trị do nơi khác công bố. / One row per value that others have published.';

drop view mart.indicator_status;

create view mart.indicator_latest with (security_invoker = true) as
select distinct on (known.indicator_code, known.geography_code)
    known.indicator_code,
    known.geography_code,
    known.period,
    known.period_end_on,
    known.vintage,
    known.numerator,
    known.denominator,
    known.value,
    known.computed_at
from (
    select
        measured.indicator_code,
        measured.geography_code,
        measured.period,
        measured.period_end_on,
        measured.vintage,
        measured.numerator,
        measured.denominator,
        measured.value,
        measured.computed_at
    from mart.fct_indicator_value as measured
    union all
    -- What others publish stands in only for what no feed brings.
    select
        observed.indicator_code,
        '38' as geography_code,
        observed.year::text as period,
        make_date(observed.year, 12, 31) as period_end_on,
        'published' as vintage,
        null as numerator,
        null as denominator,
        observed.value,
        null as computed_at
    from mart.dim_observation as observed
    inner join mart.dim_indicator as indicator on observed.indicator_code = indicator.indicator_code
    where indicator.vintages = 'published'
) as known
order by
    known.indicator_code asc,
    known.geography_code asc,
    known.value is null asc,
    known.period_end_on desc,
    array_position(array['final', 'preliminary', 'estimate', 'reported', 'published'], known.vintage) asc;

comment on view mart.indicator_latest is
'Mỗi dòng là giá trị mới nhất, theo loại số liệu tốt nhất, của một chỉ tiêu. '
'/ One row per indicator and area: the latest value, of the best vintage.';
comment on column mart.indicator_latest.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.indicator_latest.geography_code is 'Địa bàn. / Area.';
comment on column mart.indicator_latest.period is
'Kỳ mới nhất có giá trị; khi chưa kỳ nào có thì là kỳ mới nhất. '
'/ Latest period with a value; the latest of all where none has one.';
comment on column mart.indicator_latest.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.indicator_latest.vintage is
'Loại số liệu: chính thức, sơ bộ, ước tính, báo cáo, nơi khác công bố. '
'/ final, preliminary, estimate, reported, published (by others).';
comment on column mart.indicator_latest.numerator is 'Tử số. / Numerator.';
comment on column mart.indicator_latest.denominator is 'Mẫu số. / Denominator.';
comment on column mart.indicator_latest.value is
'Giá trị; trống khi không tính được. / Value; null where it cannot be computed.';
comment on column mart.indicator_latest.computed_at is
'Thời điểm tính; trống khi nơi khác công bố. / Time of the computation; null for a published value.';

create view mart.indicator_status with (security_invoker = true) as
select
    target.document_code,
    indicator.indicator_code,
    coalesce(target.geography_code, latest.geography_code, '38') as geography_code,
    target.target_year,
    indicator.name_vi,
    indicator.name_en,
    indicator.unit,
    indicator.unit_vi,
    target.direction,
    target.baseline_value,
    target.baseline_year,
    target.target_value,
    latest.period,
    latest.period_end_on,
    latest.vintage,
    latest.numerator,
    latest.denominator,
    latest.value,
    case
        when latest.value is null then 'no_data'
        when target.target_value is null then 'no_target'
        when target.direction = 'at_least' and latest.value >= target.target_value then 'reached'
        when target.direction = 'at_most' and latest.value <= target.target_value then 'reached'
        else 'not_reached'
    end as status,
    latest.computed_at
from mart.dim_indicator as indicator
left join mart.dim_target as target on indicator.indicator_code = target.indicator_code
left join mart.indicator_latest as latest
    on
        indicator.indicator_code = latest.indicator_code
        and latest.geography_code = coalesce(target.geography_code, '38');

comment on view mart.indicator_status is
'Mỗi dòng là một mục tiêu với giá trị mới nhất và tình trạng; chỉ tiêu không có mục tiêu có một dòng. '
'/ One row per target: latest value and status; one for an indicator without a target.';
comment on column mart.indicator_status.document_code is
'Văn bản; trống khi không có mục tiêu. / Document; null without a target.';
comment on column mart.indicator_status.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.indicator_status.geography_code is 'Địa bàn: 38 là tỉnh. / Area: 38 is the province.';
comment on column mart.indicator_status.target_year is 'Năm phải đạt. / Year by which it is to be reached.';
comment on column mart.indicator_status.name_vi is 'Tên chỉ tiêu. / Name in Vietnamese.';
comment on column mart.indicator_status.name_en is 'Tên tiếng Anh. / Name in English.';
comment on column mart.indicator_status.unit is 'Đơn vị tính (mã). / Unit code.';
comment on column mart.indicator_status.unit_vi is 'Đơn vị tính, tiếng Việt. / Unit in Vietnamese.';
comment on column mart.indicator_status.direction is 'Ít nhất hay nhiều nhất. / at_least, at_most.';
comment on column mart.indicator_status.baseline_value is
'Giá trị gốc; trống khi không có. / Baseline; null where none.';
comment on column mart.indicator_status.baseline_year is 'Năm gốc. / Year of the baseline.';
comment on column mart.indicator_status.target_value is 'Mức phải đạt. / Value to be reached.';
comment on column mart.indicator_status.period is
'Kỳ mới nhất có giá trị; khi chưa kỳ nào có thì là kỳ mới nhất. '
'/ Latest period with a value; the latest of all where none has one.';
comment on column mart.indicator_status.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.indicator_status.vintage is
'Loại số liệu: chính thức, sơ bộ, ước tính, báo cáo, nơi khác công bố. '
'/ final, preliminary, estimate, reported, published (by others).';
comment on column mart.indicator_status.numerator is 'Tử số. / Numerator.';
comment on column mart.indicator_status.denominator is 'Mẫu số. / Denominator.';
comment on column mart.indicator_status.value is
'Giá trị mới nhất; trống khi không có. / Latest value; null where there is none.';
comment on column mart.indicator_status.status is
'Tình trạng: đạt, chưa đạt, chưa có số liệu, không có mục tiêu. / reached, not_reached, no_data, no_target.';
comment on column mart.indicator_status.computed_at is 'Thời điểm tính. / Time of the computation.';

-- The units are listed once, where indicators are defined.
comment on column plan.indicator.unit is 'Đơn vị tính (mã). / Unit code.';
comment on column plan.target.unit is 'Đơn vị tính (mã). / Unit code.';
comment on column mart.dim_indicator.unit is 'Đơn vị tính (mã). / Unit code.';
comment on column mart.dim_target.unit is 'Đơn vị tính (mã). / Unit code.';
comment on column mart.fct_indicator_value.unit is 'Đơn vị tính (mã). / Unit code.';
