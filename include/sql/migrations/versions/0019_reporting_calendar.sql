-- The reporting calendar: what is owed, what arrived of it, and which periods are closed.

create table ledger.period_lock (
    lock_id bigint generated always as identity primary key,
    feed text not null,
    period text not null,
    reason text,
    locked_at timestamptz not null default now(),
    locked_by text not null,
    unlocked_at timestamptz,
    unlocked_by text,
    check ((unlocked_at is null) = (unlocked_by is null))
);
create unique index period_lock_closed_key on ledger.period_lock (feed, period) where unlocked_at is null;

comment on table ledger.period_lock is
'Mỗi dòng là một lần khóa kỳ báo cáo. / One row per time that a reporting period was closed.';
comment on column ledger.period_lock.lock_id is 'Số lần khóa. / Number of the lock.';
comment on column ledger.period_lock.feed is 'Nguồn dữ liệu. / Feed.';
comment on column ledger.period_lock.period is 'Kỳ báo cáo bị khóa. / Reporting period that is closed.';
comment on column ledger.period_lock.reason is
'Lý do; trống khi không nêu. / Reason; null where none was given.';
comment on column ledger.period_lock.locked_at is 'Thời điểm khóa. / Time of the lock.';
comment on column ledger.period_lock.locked_by is 'Người khóa. / Who closed it.';
comment on column ledger.period_lock.unlocked_at is
'Thời điểm mở khóa; trống khi còn khóa. / Time it was opened again; null while it is closed.';
comment on column ledger.period_lock.unlocked_by is
'Người mở khóa; trống khi còn khóa. / Who opened it again; null while it is closed.';

create table ledger.period_lock_exception (
    exception_id bigint generated always as identity primary key,
    lock_id bigint not null references ledger.period_lock,
    department_code text not null,
    until_on date not null,
    reason text,
    allowed_at timestamptz not null default now(),
    allowed_by text not null
);
create index period_lock_exception_lock_key on ledger.period_lock_exception (lock_id, department_code);

comment on table ledger.period_lock_exception is
'Mỗi dòng cho phép một đơn vị nộp vào kỳ đã khóa. '
'/ One row per leave for a department to send despite a lock.';
comment on column ledger.period_lock_exception.exception_id is 'Số ngoại lệ. / Number of the exception.';
comment on column ledger.period_lock_exception.lock_id is 'Lần khóa. / Lock that it excepts from.';
comment on column ledger.period_lock_exception.department_code is
'Đơn vị được phép. / Department that may send.';
comment on column ledger.period_lock_exception.until_on is
'Ngày cuối cùng được nhận tệp. / Last day on which its files may be received.';
comment on column ledger.period_lock_exception.reason is
'Lý do; trống khi không nêu. / Reason; null where none was given.';
comment on column ledger.period_lock_exception.allowed_at is 'Thời điểm cho phép. / Time it was given.';
comment on column ledger.period_lock_exception.allowed_by is 'Người cho phép. / Who gave it.';

create table ledger.reminder (
    department_code text not null,
    reminded_on date not null,
    file_path text not null,
    due_count integer not null,
    missing_count integer not null,
    written_at timestamptz not null default now(),
    primary key (department_code, reminded_on)
);

comment on table ledger.reminder is
'Mỗi dòng là giấy nhắc của một đơn vị trong một ngày. / One row per department and day: the reminder it got.';
comment on column ledger.reminder.department_code is 'Đơn vị được nhắc. / Department that was reminded.';
comment on column ledger.reminder.reminded_on is 'Ngày nhắc. / Day of the reminder.';
comment on column ledger.reminder.file_path is
'Tệp nhắc, tính từ hộp trả lời. / File of the reminder, relative to the outbox.';
comment on column ledger.reminder.due_count is 'Số báo cáo sắp đến hạn. / Reports that are due soon.';
comment on column ledger.reminder.missing_count is 'Số báo cáo quá hạn chưa có. / Reports that are missing.';
comment on column ledger.reminder.written_at is 'Thời điểm ghi. / Time it was written.';

create table mart.dim_report (
    feed text not null,
    period text not null,
    reporting_unit text not null,
    feed_name text not null,
    department_code text not null,
    frequency text not null,
    period_start_on date not null,
    period_end_on date not null,
    due_on date not null,
    expects text,
    primary key (feed, period, reporting_unit)
);

comment on table mart.dim_report is
'Mỗi dòng là một báo cáo phải nộp: nguồn, kỳ và đơn vị báo cáo; có trước cả những kỳ chưa bắt đầu. '
'/ One row per report that is owed: feed, period and reporting unit; periods that are to come included.';
comment on column mart.dim_report.feed is 'Nguồn dữ liệu. / Feed.';
comment on column mart.dim_report.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.dim_report.reporting_unit is
'Đơn vị báo cáo (nhiệm vụ, hoặc sở). / Reporting unit: the duty, or the department.';
comment on column mart.dim_report.feed_name is 'Tên báo cáo. / Vietnamese name of the report.';
comment on column mart.dim_report.department_code is
'Đơn vị có trách nhiệm vào ngày cuối kỳ. / Department that answered for it on the period''s last day.';
comment on column mart.dim_report.frequency is
'Định kỳ: tháng, quý, sáu tháng, năm. / monthly, quarterly, half-yearly, yearly.';
comment on column mart.dim_report.period_start_on is
'Ngày đầu kỳ theo lịch của nguồn. / First day of the period in the feed''s calendar.';
comment on column mart.dim_report.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.dim_report.due_on is
'Hạn nộp: ngày cuối cùng còn đúng hạn. / Last day on which the report is on time.';
comment on column mart.dim_report.expects is
'Báo cáo đủ phải có: các xã, các trạm y tế, hay các đơn vị của kỳ trước; trống khi không quy định. '
'/ What a complete report names: communes, stations, previous; null where the contract does not say.';

create table mart.fct_report (
    feed text not null,
    period text not null,
    reporting_unit text not null,
    period_end_on date not null,
    first_received_at timestamptz not null,
    accepted_at timestamptz,
    delivery_count integer not null,
    submission_id bigint,
    accepted_submission_id bigint,
    rows_accepted bigint,
    rows_quarantined bigint,
    expected_units bigint check (expected_units > 0),
    reported_units bigint,
    computed_at timestamptz not null default now(),
    primary key (feed, period, reporting_unit),
    check (reported_units <= expected_units),
    check ((reported_units is null) = (expected_units is null))
);

comment on table mart.fct_report is
'Mỗi dòng là điều đã nhận được của một báo cáo: nguồn, kỳ và đơn vị báo cáo. '
'/ One row per feed, period and reporting unit: what arrived of the report.';
comment on column mart.fct_report.feed is 'Nguồn dữ liệu. / Feed.';
comment on column mart.fct_report.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_report.reporting_unit is
'Đơn vị báo cáo (nhiệm vụ, hoặc sở). / Reporting unit: the duty, or the department.';
comment on column mart.fct_report.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_report.first_received_at is
'Lúc nhận tệp đầu tiên của kỳ, kể cả tệp không được nhận. / When the first file came, refused ones included.';
comment on column mart.fct_report.accepted_at is
'Lúc nhận tệp đầu tiên có dòng được nhận; trống khi chưa có. '
'/ When the first file came of which rows were accepted; null where none did.';
comment on column mart.fct_report.delivery_count is
'Số tệp đã gửi, không tính tệp trùng. / Files that came, copies of the same bytes aside.';
comment on column mart.fct_report.submission_id is
'Lần nộp hiện hành; trống khi chưa có hoặc khi nguồn ghi nhận theo từng hồ sơ. '
'/ Current submission; null where there is none, and for a feed of versions.';
comment on column mart.fct_report.accepted_submission_id is
'Lần nộp đầu tiên có dòng được nhận. / First submission of which rows were accepted; null where none were.';
comment on column mart.fct_report.rows_accepted is
'Số dòng được nhận, không tính bản bị thay thế; dữ liệu cá nhân làm tròn xuống bội của 5, trống khi 1 đến 4. '
'/ Rows accepted, replaced ones aside; of persons rounded down to a multiple of 5 and null from 1 to 4.';
comment on column mart.fct_report.rows_quarantined is
'Số dòng đang chờ sửa; dữ liệu cá nhân làm tròn xuống bội của 5, trống khi 1 đến 4. '
'/ Rows held back until mended; of persons rounded down to a multiple of 5 and null from 1 to 4.';
comment on column mart.fct_report.expected_units is
'Số xã hoặc đơn vị phải có; trống khi không biết. '
'/ Communes or other units that a complete report names; null where nobody knows.';
comment on column mart.fct_report.reported_units is
'Trong số đó đã có số liệu được nhận; trống khi không biết phải có bao nhiêu. '
'/ How many of them have accepted rows; null where it is not known how many are expected.';
comment on column mart.fct_report.computed_at is 'Thời điểm tính. / Time of the computation.';

create function mart.report_calendar_on(on_day date)
returns table (
    feed text,
    feed_name text,
    period text,
    reporting_unit text,
    department_code text,
    department_name text,
    frequency text,
    period_start_on date,
    period_end_on date,
    due_on date,
    is_past_due boolean,
    state text,
    first_received_at timestamptz,
    accepted_at timestamptz,
    accepted_on date,
    days_late integer,
    delivery_count integer,
    submission_id bigint,
    rows_accepted bigint,
    rows_quarantined bigint,
    expects text,
    expected_units bigint,
    reported_units bigint,
    completeness_pct numeric
)
language sql
stable
as $$
    select
        owed.feed,
        owed.feed_name,
        owed.period,
        owed.reporting_unit,
        owed.department_code,
        department.name_vi,
        owed.frequency,
        owed.period_start_on,
        owed.period_end_on,
        owed.due_on,
        owed.due_on < on_day,
        case
            when accepted.accepted_on is null and owed.due_on >= on_day then 'not_due'
            when accepted.accepted_on is null then 'missing'
            when accepted.reported_units < accepted.expected_units then 'partial'
            when accepted.accepted_on > owed.due_on then 'late'
            else 'on_time'
        end,
        came.first_received_at,
        accepted.accepted_at,
        accepted.accepted_on,
        case
            when accepted.accepted_on is not null then greatest(accepted.accepted_on - owed.due_on, 0)
            when owed.due_on < on_day then on_day - owed.due_on
        end,
        coalesce(came.delivery_count, 0),
        accepted.submission_id,
        accepted.rows_accepted,
        accepted.rows_quarantined,
        owed.expects,
        accepted.expected_units,
        accepted.reported_units,
        100.0 * accepted.reported_units / accepted.expected_units
    from mart.dim_report as owed
    left join mart.dim_department as department on owed.department_code = department.department_code
    left join mart.fct_report as came
        on
            owed.feed = came.feed
            and owed.period = came.period
            and owed.reporting_unit = came.reporting_unit
            and (came.first_received_at at time zone 'Asia/Ho_Chi_Minh')::date <= on_day
    left join (
        select
            fact.*,
            (fact.accepted_at at time zone 'Asia/Ho_Chi_Minh')::date as accepted_on
        from mart.fct_report as fact
    ) as accepted
        on
            owed.feed = accepted.feed
            and owed.period = accepted.period
            and owed.reporting_unit = accepted.reporting_unit
            and accepted.accepted_on <= on_day
    where owed.period_start_on <= on_day
$$;
comment on function mart.report_calendar_on(date) is
'Lịch báo cáo như vào một ngày: mỗi dòng là một báo cáo của kỳ đã bắt đầu. '
'/ The reporting calendar as on a day: one row per report whose period has begun.';

-- A report becomes missing when the day passes, without any load: so the state is asked for, never stored.
create view mart.report_calendar with (security_invoker = true) as
select
    feed,
    feed_name,
    period,
    reporting_unit,
    department_code,
    department_name,
    frequency,
    period_start_on,
    period_end_on,
    due_on,
    is_past_due,
    state,
    first_received_at,
    accepted_at,
    accepted_on,
    days_late,
    delivery_count,
    submission_id,
    rows_accepted,
    rows_quarantined,
    expects,
    expected_units,
    reported_units,
    completeness_pct
from mart.report_calendar_on((now() at time zone 'Asia/Ho_Chi_Minh')::date);

comment on view mart.report_calendar is
'Mỗi dòng là một báo cáo của kỳ đã bắt đầu, với tình trạng hôm nay. '
'/ One row per report whose period has begun, with its state today.';
comment on column mart.report_calendar.department_name is
'Tên đơn vị có trách nhiệm. / Vietnamese name of the department that owed it.';
comment on column mart.report_calendar.is_past_due is 'Đã quá hạn nộp. / Whether its last day has passed.';
comment on column mart.report_calendar.state is
'Tình trạng: chưa đến hạn, đúng hạn, trễ hạn, chưa nộp, chưa đủ. '
'/ not_due, on_time, late, missing; partial where expected units have no accepted row.';
comment on column mart.report_calendar.accepted_on is
'Ngày nhận tệp đầu tiên có dòng được nhận. / Day on which the first file came of which rows were accepted.';
comment on column mart.report_calendar.days_late is
'Số ngày trễ: đến ngày nhận, hoặc đến hôm nay khi chưa nộp; 0 khi đúng hạn; trống khi chưa đến hạn. '
'/ Days late: until it came, or until today where it is missing; 0 when on time; null when not yet due.';
comment on column mart.report_calendar.completeness_pct is
'Tỷ lệ đơn vị có số liệu (%); trống khi không biết phải có bao nhiêu. '
'/ Expected units that have accepted rows (%); null where it is not known how many are expected.';

create view mart.reporting_rate with (security_invoker = true) as
select
    report.frequency,
    report.period,
    report.feed,
    report.department_code,
    max(report.due_on) as due_on,
    count(*) as due_count,
    count(*) filter (where report.accepted_on <= report.due_on) as on_time_count,
    count(*) filter (where report.accepted_on > report.due_on) as late_count,
    count(*) filter (where report.accepted_on is null) as missing_count,
    100.0 * count(*) filter (where report.accepted_on <= report.due_on) / count(*) as on_time_pct,
    count(*) filter (where report.is_measured) as measured_count,
    count(*) filter (where report.reported_units = report.expected_units) as complete_count,
    100.0 * count(*) filter (where report.reported_units = report.expected_units)
    / nullif(count(*) filter (where report.is_measured), 0) as complete_pct,
    sum(report.expected_units) as expected_units,
    sum(report.reported_units) as reported_units,
    100.0 * sum(report.reported_units) / sum(report.expected_units) as completeness_pct
from (
    select
        calendar.*,
        -- Whether a report that came is complete is known where its units are; one that is missing is not.
        calendar.expects is not null
        and (calendar.accepted_on is null or calendar.expected_units is not null) as is_measured
    from mart.report_calendar as calendar
    where calendar.is_past_due
) as report
group by
    report.frequency,
    report.period,
    grouping sets ((), (report.feed), (report.department_code), (report.feed, report.department_code));

comment on view mart.reporting_rate is
'Mỗi dòng là tỷ lệ báo cáo của một kỳ: chung, theo nguồn, theo đơn vị, theo cả hai; chỉ tính khi quá hạn. '
'/ One row per period for all, per feed, per department and per both: how reports that are due came in.';
comment on column mart.reporting_rate.feed is
'Nguồn dữ liệu; trống là mọi nguồn. / Feed; null for all of them.';
comment on column mart.reporting_rate.department_code is
'Đơn vị có trách nhiệm; trống là mọi đơn vị. / Department that owed them; null for all of them.';
comment on column mart.reporting_rate.due_on is 'Hạn nộp muộn nhất. / The latest of their due days.';
comment on column mart.reporting_rate.due_count is
'Số báo cáo đã quá hạn nộp. / Reports whose due day has passed.';
comment on column mart.reporting_rate.on_time_count is
'Số báo cáo đúng hạn. / How many of them came in time.';
comment on column mart.reporting_rate.late_count is 'Số báo cáo trễ hạn. / How many came late.';
comment on column mart.reporting_rate.missing_count is 'Số báo cáo chưa có. / How many have not come.';
comment on column mart.reporting_rate.on_time_pct is
'Tỷ lệ đúng hạn (%), tỷ số của hai tổng. / Share that came in time (%), a ratio of sums.';
comment on column mart.reporting_rate.measured_count is
'Số báo cáo biết được đủ hay chưa, kể cả báo cáo chưa nộp. '
'/ Reports known to be complete or not; missing ones are not.';
comment on column mart.reporting_rate.complete_count is
'Số báo cáo đủ mọi đơn vị phải có. / Reports with accepted rows of every expected unit.';
comment on column mart.reporting_rate.complete_pct is
'Tỷ lệ báo cáo đủ (%), tỷ số của hai tổng; trống khi không báo cáo nào đo được. '
'/ Share of complete reports (%), a ratio of sums; null where none can be measured.';
comment on column mart.reporting_rate.expected_units is
'Tổng số xã, trạm, đơn vị phải có của các báo cáo đã nhận. / Units expected of the reports that came.';
comment on column mart.reporting_rate.reported_units is
'Trong số đó đã có số liệu được nhận. / How many of them have accepted rows.';
comment on column mart.reporting_rate.completeness_pct is
'Tỷ lệ đơn vị có số liệu (%), tỷ số của hai tổng. / Units with accepted rows (%), a ratio of sums.';

-- A column that a view passes on says the same in the same words as the table that has it.
do $$
declare
    passed_on record;
begin
    for passed_on in
        select
            passing.attrelid::regclass as view_name,
            passing.attname as name,
            coalesce(
                col_description('mart.fct_report'::regclass, came.attnum),
                col_description('mart.dim_report'::regclass, owed.attnum)
            ) as description
        from pg_attribute as passing
        left join pg_attribute as came
            on passing.attname = came.attname and came.attrelid = 'mart.fct_report'::regclass
        left join pg_attribute as owed
            on passing.attname = owed.attname and owed.attrelid = 'mart.dim_report'::regclass
        where
            passing.attrelid in ('mart.report_calendar'::regclass, 'mart.reporting_rate'::regclass)
            and passing.attnum > 0
            and col_description(passing.attrelid, passing.attnum) is null
    loop
        execute format('comment on column %s.%I is %L', passed_on.view_name, passed_on.name, passed_on.description);
    end loop;
end
$$;
