-- How good and how prompt the deliveries are, and what every column of the marts means.

create table mart.fct_delivery (
    delivery_id bigint primary key,
    feed text,
    period text,
    department_code text,
    received_at timestamptz not null,
    received_on date not null,
    answered_at timestamptz,
    answer_seconds numeric,
    verdict text not null,
    reason_code text,
    rows_read bigint,
    rows_accepted bigint,
    rows_unchanged bigint,
    rows_quarantined bigint,
    rows_skipped bigint,
    computed_at timestamptz not null default now()
);

comment on table mart.fct_delivery is
'Mỗi dòng là một tệp đã có kết luận, kể cả tệp bị từ chối và tệp trùng lặp. '
'/ One row per delivery that has its verdict, rejected ones and duplicates included.';
comment on column mart.fct_delivery.delivery_id is 'Số tiếp nhận. / Number of the delivery.';
comment on column mart.fct_delivery.feed is
'Nguồn dữ liệu; trống khi thư mục lạ. / Feed; null where none fits the folder.';
comment on column mart.fct_delivery.period is
'Kỳ báo cáo; trống khi không đọc được. / Reporting period; null where none was found.';
comment on column mart.fct_delivery.department_code is
'Đơn vị gửi; trống khi thư mục lạ. / Department that sent it; null for an unknown folder.';
comment on column mart.fct_delivery.received_at is 'Thời điểm tiếp nhận. / Time it was received.';
comment on column mart.fct_delivery.received_on is
'Ngày tiếp nhận, giờ Việt Nam. / Day it was received, in Vietnamese time.';
comment on column mart.fct_delivery.answered_at is
'Thời điểm trả lời; trống khi chưa trả lời. / Time of the answer; null while there is none.';
comment on column mart.fct_delivery.answer_seconds is
'Thời gian từ lúc tiếp nhận đến lúc trả lời (giây); trống khi chưa trả lời. '
'/ Time from receipt to answer (seconds); null while there is none.';
comment on column mart.fct_delivery.verdict is
'Kết luận: nhận, nhận có cảnh báo, nhận một phần, từ chối, trùng lặp. '
'/ accepted, accepted_with_warnings, partially_accepted, rejected, duplicate.';
comment on column mart.fct_delivery.reason_code is
'Mã lý do từ chối hoặc trùng lặp; trống khi được nhận. '
'/ Code of the reason of a rejection or duplicate; null where rows were accepted.';
comment on column mart.fct_delivery.computed_at is 'Thời điểm tính. / Time of the computation.';

create table mart.fct_issue (
    delivery_id bigint not null references mart.fct_delivery on delete cascade,
    submission_id bigint not null,
    feed text,
    period text,
    department_code text,
    column_name text,
    code text not null,
    severity text not null,
    issue_count bigint,
    unique nulls not distinct (delivery_id, column_name, code, severity)
);

comment on table mart.fct_issue is
'Mỗi dòng là số lỗi của một loại tại một cột của một tệp, không có giá trị nào trong ô. '
'/ One row per delivery, column, code and severity: how many issues; no value of any cell.';
comment on column mart.fct_issue.delivery_id is 'Số tiếp nhận. / Number of the delivery.';
comment on column mart.fct_issue.submission_id is 'Lần nộp. / Submission.';
comment on column mart.fct_issue.feed is
'Nguồn dữ liệu; trống khi thư mục lạ. / Feed; null where none fits the folder.';
comment on column mart.fct_issue.period is
'Kỳ báo cáo; trống khi không đọc được. / Reporting period; null where none was found.';
comment on column mart.fct_issue.department_code is 'Đơn vị gửi. / Department that sent it.';
comment on column mart.fct_issue.column_name is
'Cột; trống khi hỏng cả dòng hoặc cả tệp. / Column; null for a whole line or file.';
comment on column mart.fct_issue.code is 'Mã lỗi. / Code of the issue.';
comment on column mart.fct_issue.severity is 'Mức độ: lỗi, cảnh báo. / Severity: critical, warning.';
comment on column mart.fct_issue.issue_count is
'Số lỗi; với nguồn có dữ liệu cá nhân thì làm tròn xuống bội của 5, trống khi từ 1 đến 4. '
'/ Number of issues; of a feed with personal data rounded down to a multiple of 5, null from 1 to 4.';

create view mart.data_quality with (security_invoker = true) as
with issue as (
    select
        delivery_id,
        sum(issue_count) as issue_count
    from mart.fct_issue
    group by delivery_id
),

delivery as (
    select
        fact.*,
        fact.verdict in ('accepted', 'accepted_with_warnings', 'partially_accepted') as is_loaded,
        case when issue.delivery_id is null then 0 else issue.issue_count end as issue_count
    from mart.fct_delivery as fact
    left join issue on fact.delivery_id = issue.delivery_id
)

select
    feed,
    period,
    department_code,
    count(*) as delivery_count,
    count(*) filter (where is_loaded) as loaded_delivery_count,
    count(*) filter (where verdict = 'rejected') as rejected_delivery_count,
    count(*) filter (where verdict = 'duplicate') as duplicate_delivery_count,
    -- A duplicate repeats the counts of the first: its rows are not counted twice.
    sum(rows_read) filter (where is_loaded) as rows_read,
    sum(rows_accepted) filter (where is_loaded) as rows_accepted,
    sum(rows_quarantined) filter (where is_loaded) as rows_quarantined,
    100.0 * sum(rows_accepted) filter (where is_loaded and rows_quarantined is not null)
    / nullif(sum(rows_accepted + rows_quarantined) filter (where is_loaded), 0) as accepted_pct,
    sum(issue_count) filter (where is_loaded) as issue_count,
    1000.0 * sum(issue_count) filter (where is_loaded and rows_read is not null)
    / nullif(sum(rows_read) filter (where is_loaded and issue_count is not null), 0) as issues_per_1000_rows,
    min(received_on) as first_received_on,
    max(received_on) as last_received_on,
    percentile_cont(0.5) within group (order by answer_seconds) as median_answer_seconds
from delivery
group by feed, period, department_code;

comment on view mart.data_quality is
'Mỗi dòng là chất lượng và thời gian trả lời các tệp của một nguồn, một kỳ, một đơn vị gửi. '
'/ One row per feed, period and department: quality of its deliveries and promptness of the answers.';
comment on column mart.data_quality.delivery_count is
'Số tệp đã có kết luận. / Deliveries that have a verdict.';
comment on column mart.data_quality.loaded_delivery_count is
'Số tệp được nhận, cả tệp nhận một phần. / Deliveries accepted, in whole or in part.';
comment on column mart.data_quality.rejected_delivery_count is 'Số tệp bị từ chối. / Deliveries rejected.';
comment on column mart.data_quality.duplicate_delivery_count is 'Số tệp trùng lặp. / Duplicates.';
comment on column mart.data_quality.accepted_pct is
'Số dòng được nhận trên số dòng được nhận và bị giữ lại, trong các tệp được nhận (%). '
'/ Rows accepted, for each hundred accepted or quarantined, in deliveries accepted (%).';
comment on column mart.data_quality.issue_count is
'Số lỗi và cảnh báo trong các tệp được nhận, tính từ số đã làm tròn. '
'/ Issues of the deliveries accepted, of counts as rounded.';
comment on column mart.data_quality.issues_per_1000_rows is
'Số lỗi và cảnh báo trên 1.000 dòng đọc được, trong các tệp được nhận. '
'/ Issues for each 1,000 rows read, in deliveries accepted.';
comment on column mart.data_quality.first_received_on is
'Ngày nhận tệp đầu tiên. / Day of the first delivery.';
comment on column mart.data_quality.last_received_on is
'Ngày nhận tệp gần nhất. / Day of the last delivery.';
comment on column mart.data_quality.median_answer_seconds is
'Trung vị thời gian từ lúc tiếp nhận đến lúc trả lời (giây). / Median time from receipt to answer (seconds).';

-- The counts mean the same in both, and the columns that the view passes on as well.
do $$
declare
    shared record;
begin
    for shared in
        select
            attribute.attrelid::regclass as relation,
            attribute.attname as name,
            meaning.description
        from pg_attribute as attribute
        inner join (
            values
            ('rows_read', 'Số dòng trong vùng bảng', 'Lines of the table area'),
            ('rows_accepted', 'Số dòng được nhận', 'Rows accepted'),
            ('rows_unchanged', 'Số dòng được nhận mà không đổi', 'Accepted rows that were already so'),
            ('rows_quarantined', 'Số dòng bị giữ lại', 'Rows quarantined'),
            ('rows_skipped', 'Số dòng bỏ qua', 'Lines skipped')
        ) as count_of (name, vi, en) on attribute.attname = count_of.name
        cross join lateral (
            select
                count_of.vi
                || '; với nguồn có dữ liệu cá nhân thì làm tròn xuống bội của 5, trống khi từ 1 đến 4. / '
                || count_of.en
                || '; of a feed with personal data rounded down to a multiple of 5, null from 1 to 4.'
                as description
        ) as meaning
        where attribute.attrelid in ('mart.fct_delivery'::regclass, 'mart.data_quality'::regclass)
        union all
        select
            'mart.data_quality'::regclass as relation,
            attname as name,
            col_description(attrelid, attnum) as description
        from pg_attribute
        where attrelid = 'mart.fct_delivery'::regclass and attname in ('feed', 'period', 'department_code')
    loop
        execute format('comment on column %s.%I is %L', shared.relation, shared.name, shared.description);
    end loop;
end
$$;

-- The comments in the catalogue are the one place that says what a table or column means.
create view mart.dictionary with (security_invoker = true) as
with unique_key as (
    select distinct on (index.indrelid)
        index.indrelid,
        index.indkey
    from pg_index as index
    where index.indisunique
    order by index.indrelid asc, index.indisprimary desc, index.indexrelid asc
),

described as (
    select
        class.relname::text as relation_name,
        case when class.relkind = 'v' then 'view' else 'table' end as relation_kind,
        attribute.attnum::integer as column_position,
        attribute.attname::text as column_name,
        format_type(attribute.atttypid, attribute.atttypmod) as data_type,
        coalesce(attribute.attnum = any(unique_key.indkey), false) as is_key,
        obj_description(class.oid, 'pg_class') as relation_meaning,
        col_description(class.oid, attribute.attnum) as column_meaning
    from pg_class as class
    inner join pg_attribute as attribute
        on class.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
    left join unique_key on class.oid = unique_key.indrelid
    where class.relnamespace = 'mart'::regnamespace and class.relkind in ('r', 'p', 'v', 'm')
)

select
    relation_name,
    relation_kind,
    split_part(relation_meaning, ' / ', 1) as relation_vi,
    split_part(relation_meaning, ' / ', 2) as relation_en,
    column_position,
    column_name,
    data_type,
    is_key,
    split_part(column_meaning, ' / ', 1) as column_vi,
    split_part(column_meaning, ' / ', 2) as column_en
from described;

comment on view mart.dictionary is
'Mỗi dòng là một cột của một bảng hoặc khung nhìn trong mart, kèm ý nghĩa. '
'/ One row per column of a table or view in mart, with its meaning.';
comment on column mart.dictionary.relation_name is 'Tên bảng hoặc khung nhìn. / Name of the table or view.';
comment on column mart.dictionary.relation_kind is 'Loại: bảng, khung nhìn. / table, view.';
comment on column mart.dictionary.relation_vi is
'Mỗi dòng của bảng là gì, tiếng Việt. / What one row of it is, in Vietnamese.';
comment on column mart.dictionary.relation_en is
'Mỗi dòng của bảng là gì, tiếng Anh. / What one row of it is, in English.';
comment on column mart.dictionary.column_position is 'Thứ tự của cột, từ 1. / Place of the column, from 1.';
comment on column mart.dictionary.column_name is 'Tên cột. / Name of the column.';
comment on column mart.dictionary.data_type is 'Kiểu dữ liệu của PostgreSQL. / Type in PostgreSQL.';
comment on column mart.dictionary.is_key is
'Cột thuộc khóa: cùng các cột khóa khác xác định một dòng; khung nhìn không có khóa. '
'/ Whether it is part of the key, which tells rows apart; views have none.';
comment on column mart.dictionary.column_vi is 'Ý nghĩa của cột, tiếng Việt. / Meaning in Vietnamese.';
comment on column mart.dictionary.column_en is 'Ý nghĩa của cột, tiếng Anh. / Meaning in English.';

-- A table's description begins with its grain.
comment on view mart.smart_hospital is
'Mỗi dòng là một bệnh viện trong một kỳ, kèm tên. / One row per hospital and period, with its name.';
comment on view mart.health_station is
'Mỗi dòng là một trạm y tế trong một kỳ, kèm tên trạm, xã, huyện. '
'/ One row per health station and period, with names of station, commune and district.';
comment on view mart.broadband_commune is
'Mỗi dòng là băng rộng của một xã trong một kỳ, kèm tên xã, huyện. '
'/ One row per commune and period: broadband, with names of commune and district.';
comment on view mart.broadband_definitions is
'Mỗi dòng là một kỳ của chỉ tiêu BB_COMMUNE, cạnh định nghĩa chặt hơn và rộng hơn. '
'/ One row per period of the indicator BB_COMMUNE, beside its stricter and looser definitions.';
comment on view mart.health_record_denominator is
'Mỗi dòng là một trạm làm mẫu số của một kỳ hồ sơ sức khỏe, lấy từ báo cáo trạm mới nhất đến kỳ đó. '
'/ One row per period of the health records and station of the latest station report up to it: denominators.';
comment on view mart.health_record_station is
'Mỗi dòng là hồ sơ sức khỏe của một trạm đến hết một kỳ, kèm tên, dân số quản lý, tỷ lệ. '
'/ One row per station and period: health records, with name, persons managed and share.';
comment on view mart.health_record_commune is
'Mỗi dòng là hồ sơ sức khỏe của một xã như đã báo cáo đến hết một kỳ. '
'/ One row per commune as reported and period: health records.';
comment on view mart.health_record_commune_today is
'Mỗi dòng là hồ sơ sức khỏe của một xã hiện nay đến hết một kỳ; không tính các xã cũ đã bị chia. '
'/ One row per commune of today and period: health records; former communes that were split are left out.';
