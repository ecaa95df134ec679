-- The points of each target, and what they say of it as of each period.

-- What others publish stands in where no feed brings a value.
create or replace view mart.indicator_latest with (security_invoker = true) as
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
) as known
order by
    known.indicator_code asc,
    known.geography_code asc,
    known.value is null asc,
    known.vintage = 'published' asc,
    known.period_end_on desc,
    array_position(array['final', 'preliminary', 'estimate', 'reported'], known.vintage) asc;

create view mart.target_series with (security_invoker = true) as
with reported as (
    select distinct on (measured.indicator_code, measured.geography_code, measured.period)
        measured.indicator_code,
        measured.geography_code,
        measured.period,
        measured.period_end_on,
        measured.vintage,
        measured.value
    from mart.fct_indicator_value as measured
    inner join mart.dim_vintage as known on measured.vintage = known.vintage
    where measured.value is not null
    order by measured.indicator_code, measured.geography_code, measured.period, known.preference
),

known as (
    select
        reported.indicator_code,
        reported.geography_code,
        'reported' as origin,
        null as method,
        reported.period,
        reported.period_end_on,
        reported.vintage,
        reported.value
    from reported
    union all
    select
        observed.indicator_code,
        '38' as geography_code,
        'published' as origin,
        observed.method,
        observed.year::text as period,
        make_date(observed.year, 12, 31) as period_end_on,
        'published' as vintage,
        observed.value
    from mart.dim_observation as observed
    where not exists (
        select 1 from reported
        where
            reported.indicator_code = observed.indicator_code
            and reported.geography_code = '38'
            and extract(year from reported.period_end_on) = observed.year
    )
)

select
    target.document_code,
    target.indicator_code,
    target.geography_code,
    target.target_year,
    'baseline' as origin,
    null as method,
    target.baseline_year::text as period,
    make_date(target.baseline_year, 12, 31) as period_end_on,
    null as vintage,
    target.baseline_value as value
from mart.dim_target as target
where target.baseline_value is not null
union all
select
    target.document_code,
    target.indicator_code,
    target.geography_code,
    target.target_year,
    known.origin,
    known.method,
    known.period,
    known.period_end_on,
    known.vintage,
    known.value
from mart.dim_target as target
inner join known
    on target.indicator_code = known.indicator_code and target.geography_code = known.geography_code;

comment on view mart.target_series is
'Mỗi dòng là một điểm số liệu của một mục tiêu: giá trị gốc, giá trị báo cáo theo loại số liệu tốt nhất '
'của kỳ, '
'giá trị do nơi khác công bố ở năm không có báo cáo. '
'/ One row per point of a target: its baseline, what was reported by the best vintage of a period, what '
'others '
'published of a year without a report.';
comment on column mart.target_series.document_code is 'Văn bản. / Document.';
comment on column mart.target_series.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.target_series.geography_code is
'Địa bàn: 38 là cả tỉnh. / Area: 38 is the whole province.';
comment on column mart.target_series.target_year is 'Năm phải đạt. / Year by which it is to be reached.';
comment on column mart.target_series.origin is
'Nguồn của điểm: giá trị gốc, báo cáo, nơi khác công bố. / baseline, reported, published (by others).';
comment on column mart.target_series.method is
'Phương pháp của giá trị công bố; khác phương pháp thì không nối chuỗi. Trống với giá trị khác. '
'/ How a published value was made; values of different methods make no series. Null for others.';
comment on column mart.target_series.period is 'Kỳ, hoặc năm gốc. / Period, or the year of the baseline.';
comment on column mart.target_series.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.target_series.vintage is
'Loại số liệu: chính thức, sơ bộ, ước tính, báo cáo, nơi khác công bố; trống với giá trị gốc. '
'/ final, preliminary, estimate, reported, published (by others); null for a baseline.';
comment on column mart.target_series.value is
'Giá trị, theo đơn vị của chỉ tiêu. / Value in the indicator''s unit.';

create table mart.fct_target_progress (
    document_code text not null,
    indicator_code text not null,
    geography_code text not null,
    target_year integer not null,
    period text not null,
    period_end_on date not null,
    vintage text not null,
    value numeric not null,
    target_value numeric,
    distance numeric,
    progress_pct numeric,
    required_pace numeric,
    observed_pace numeric,
    projected_value numeric,
    projected_low numeric,
    projected_high numeric,
    projection_method text not null,
    point_count integer not null,
    verdict text not null check (verdict in ('reached', 'on_track', 'at_risk', 'out_of_reach', 'no_data')),
    computed_at timestamptz not null default now(),
    primary key (document_code, indicator_code, geography_code, target_year, period),
    foreign key (document_code, indicator_code, geography_code, target_year)
    references mart.dim_target on delete cascade
);

comment on table mart.fct_target_progress is
'Mỗi dòng là một mục tiêu tính đến cuối một kỳ có giá trị: còn bao xa, nhịp, dự báo, nhận định. '
'/ One row per target and period with a value: distance, paces, projection and verdict as of the '
'period''s end.';
comment on column mart.fct_target_progress.document_code is 'Văn bản. / Document.';
comment on column mart.fct_target_progress.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.fct_target_progress.geography_code is
'Địa bàn: 38 là cả tỉnh. / Area: 38 is the whole province.';
comment on column mart.fct_target_progress.target_year is
'Năm phải đạt. / Year by which it is to be reached.';
comment on column mart.fct_target_progress.period is 'Kỳ. / Period.';
comment on column mart.fct_target_progress.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_target_progress.vintage is
'Loại số liệu: chính thức, sơ bộ, ước tính, báo cáo, nơi khác công bố. '
'/ final, preliminary, estimate, reported, published (by others).';
comment on column mart.fct_target_progress.value is
'Giá trị, theo đơn vị của chỉ tiêu. / Value in the indicator''s unit.';
comment on column mart.fct_target_progress.target_value is
'Mức phải đạt; trống khi văn bản không nêu số. / Value to be reached; null where the document names none.';
comment on column mart.fct_target_progress.distance is
'Còn phải đi, theo đơn vị của chỉ tiêu; âm khi đã vượt. '
'/ What is still to go in the indicator''s unit; negative beyond the target.';
comment on column mart.fct_target_progress.progress_pct is
'Phần đường từ giá trị gốc đến mục tiêu (%), có thể âm hoặc trên 100; trống khi thiếu giá trị gốc. '
'/ Part of the way from baseline to target (%), below 0 or above 100 too; null without a baseline.';
comment on column mart.fct_target_progress.required_pace is
'Nhịp cần có, đơn vị của chỉ tiêu mỗi năm; với tốc độ tăng bình quân là tốc độ cần cho các năm còn lại. '
'Trống khi không còn thời gian hoặc chỉ tiêu không có nhịp. '
'/ Pace needed, in units per year; for an average growth the growth that the years left need. Null when no '
'time is left, or where there is no pace.';
comment on column mart.fct_target_progress.observed_pace is
'Nhịp thực tế, cùng đơn vị; trống khi chưa đủ điểm. / Pace so far, in the same unit; null for too few '
'points.';
comment on column mart.fct_target_progress.projected_value is
'Giá trị dự báo cuối năm phải đạt nếu giữ nhịp; trống khi không dự báo được. '
'/ Where the pace leads at the end of the target year; null where it cannot be said.';
comment on column mart.fct_target_progress.projected_low is
'Cận dưới của khoảng dự báo 80 %; trống khi không nói được. '
'/ Lower end of the 80 % prediction interval; null where it cannot be said.';
comment on column mart.fct_target_progress.projected_high is
'Cận trên của khoảng dự báo 80 %, hoặc nơi nhịp bình quân lớn nhất có thể dẫn đến '
'(single-point-bound); trống khi không nói được. '
'/ Upper end of the 80 % prediction interval, or where the greatest possible average pace leads '
'(single-point-bound); null where it cannot be said.';
comment on column mart.fct_target_progress.projection_method is
'Cách dự báo hoặc lý do không dự báo. / How it was projected, or why it was not: linear-trend, two-points, '
'average-growth, mean-of-years, single-point-bound, latest-value, short-span, before-plan, final-value, '
'no-target-value.';
comment on column mart.fct_target_progress.point_count is
'Số điểm đã dùng, kể cả giá trị gốc. / Points used, the baseline among them.';
comment on column mart.fct_target_progress.verdict is
'Nhận định: đạt, đúng nhịp, có nguy cơ, ngoài tầm, chưa nói được. '
'/ reached, on_track, at_risk, out_of_reach, no_data.';
comment on column mart.fct_target_progress.computed_at is
'Thời điểm có kết quả này. / Time since which it is so.';

drop view mart.target_progress;
create view mart.target_progress with (security_invoker = true) as
select
    status.document_code,
    status.indicator_code,
    status.geography_code,
    status.target_year,
    status.name_vi,
    status.name_en,
    status.unit,
    status.unit_vi,
    status.direction,
    status.baseline_value,
    status.baseline_year,
    status.target_value,
    status.period,
    status.period_end_on,
    status.vintage,
    status.value,
    status.status,
    progress.progress_pct,
    progress.distance,
    progress.required_pace,
    progress.observed_pace,
    progress.projected_value,
    progress.projected_low,
    progress.projected_high,
    case when status.target_value is null then 'no-target-value' else progress.projection_method end
        as projection_method,
    progress.point_count,
    coalesce(progress.verdict, 'no_data') as verdict
from mart.indicator_status as status
left join mart.fct_target_progress as progress
    on
        status.document_code = progress.document_code
        and status.indicator_code = progress.indicator_code
        and status.geography_code = progress.geography_code
        and status.target_year = progress.target_year
        and status.period = progress.period
where status.document_code is not null;

comment on view mart.target_progress is
'Mỗi dòng là một mục tiêu với giá trị mới nhất, phần đường đã đi, nhịp, dự báo và nhận định. '
'/ One row per target with its latest value, the part of the way gone, paces, projection and verdict.';
comment on column mart.target_progress.projection_method is
'Cách dự báo hoặc lý do không dự báo; trống khi không có giá trị nào. / How it was projected, or why it '
'was not: '
'linear-trend, two-points, average-growth, mean-of-years, single-point-bound, latest-value, short-span, '
'before-plan, final-value, no-target-value; null where there is no value.';
comment on column mart.target_progress.verdict is
'Nhận định: đạt, đúng nhịp, có nguy cơ, ngoài tầm, chưa nói được. '
'/ reached, on_track, at_risk, out_of_reach, no_data.';
