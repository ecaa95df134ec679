-- What a value does not say by itself: why it is missing, what it was computed from, whether the plan speaks
-- of its period.

create view mart.indicator_finding with (security_invoker = true) as
with growth (indicator_code, fixed_year) as (
    values ('TFP_SHARE', null), ('LAB_PROD_YEARLY', null), ('LAB_PROD', 2020)
),

term as (
    select
        target.indicator_code,
        min(coalesce(target.baseline_year, extract(year from document.dated_on) - 1)) as first_year,
        max(target.target_year) as last_year
    from mart.dim_target as target
    inner join mart.dim_document as document on target.document_code = document.document_code
    group by target.indicator_code
),

found as (
    -- Numerator and denominator are known and the ratio says nothing.
    select
        measured.indicator_code,
        measured.period,
        measured.geography_code,
        measured.vintage,
        'growth-near-zero' as code,
        measured.denominator as observed
    from mart.fct_indicator_value as measured
    inner join mart.dim_indicator as indicator on measured.indicator_code = indicator.indicator_code
    where
        indicator.aggregation = 'growth_accounting'
        and measured.value is null
        and measured.numerator is not null
        and measured.denominator is not null
    union all
    -- A numerator that is hidden, since few persons are behind it, is no finding.
    select
        measured.indicator_code,
        measured.period,
        measured.geography_code,
        measured.vintage,
        'no-denominator' as code,
        measured.denominator as observed
    from mart.fct_indicator_value as measured
    inner join mart.dim_indicator as indicator on measured.indicator_code = indicator.indicator_code
    where
        indicator.aggregation <> 'growth_accounting'
        and measured.value is null
        and measured.numerator is not null
        and coalesce(measured.denominator, 0) = 0
    union all
    -- The growth of a year needs the year before; the average since 2020 needs 2020.
    select
        growth.indicator_code,
        account.year::text as period,
        '38' as geography_code,
        account.vintage,
        'missing-year' as code,
        coalesce(growth.fixed_year, account.year - 1) as observed
    from mart.fct_economic_account as account
    cross join growth
    where
        account.year > coalesce(growth.fixed_year, account.year - 1)
        and (
            growth.fixed_year is not null
            or account.year > (select min(earliest.year) from mart.fct_economic_account as earliest)
        )
        and not exists (
            select 1 from mart.fct_economic_account as former
            where former.year = coalesce(growth.fixed_year, account.year - 1)
        )
    union all
    -- A final figure compared with one that is still to be revised.
    select distinct
        measured.indicator_code,
        measured.period,
        measured.geography_code,
        measured.vintage,
        'mixed-vintages' as code,
        former.year as observed
    from mart.fct_indicator_value as measured
    inner join mart.dim_vintage as own on measured.vintage = own.vintage
    inner join mart.fct_indicator_row as used
        on
            measured.indicator_code = used.indicator_code
            and measured.period = used.period
            and measured.geography_code = used.geography_code
            and measured.vintage = used.vintage
    inner join mart.fct_economic_account as former
        on
            used.submission_id = former.submission_id
            and used.source_sheet = former.source_sheet
            and used.source_row = former.source_row
    inner join mart.dim_vintage as other on former.vintage = other.vintage
    where measured.period > former.year::text and other.preference > own.preference
    union all
    -- A published rank is compared with a baseline that was made by another method.
    select
        latest.indicator_code,
        latest.period,
        latest.geography_code,
        latest.vintage,
        'method-changed' as code,
        former.year as observed
    from mart.indicator_latest as latest
    inner join mart.dim_target as target
        on latest.indicator_code = target.indicator_code and latest.geography_code = target.geography_code
    inner join mart.dim_observation as former
        on latest.indicator_code = former.indicator_code and target.baseline_year = former.year
    inner join mart.dim_observation as observed
        on latest.indicator_code = observed.indicator_code and latest.period = observed.year::text
    where latest.vintage = 'published' and observed.method <> former.method
    union all
    select
        measured.indicator_code,
        measured.period,
        measured.geography_code,
        measured.vintage,
        'outside-plan' as code,
        extract(year from measured.period_end_on) as observed
    from mart.fct_indicator_value as measured
    inner join term on measured.indicator_code = term.indicator_code
    where extract(year from measured.period_end_on) not between term.first_year and term.last_year
)

select
    found.indicator_code,
    found.period,
    found.geography_code,
    found.vintage,
    found.code,
    found.observed,
    file.submission_id,
    file.department_code,
    file.file_name,
    file.source_sheet,
    file.source_row
from found
-- The place that shows it: the row of the period itself, the first where there are many.
left join lateral (
    select
        used.submission_id,
        submission.department_code,
        submission.file_name,
        used.source_sheet,
        used.source_row
    from mart.fct_indicator_row as used
    inner join mart.dim_submission as submission on used.submission_id = submission.submission_id
    where
        used.indicator_code = found.indicator_code
        and used.period = found.period
        and used.geography_code = found.geography_code
        and used.vintage = found.vintage
    order by used.in_numerator desc, used.submission_id asc, used.source_sheet asc, used.source_row asc
    limit 1
) as evidence on true
left join lateral (
    select
        evidence.submission_id,
        evidence.department_code,
        evidence.file_name,
        evidence.source_sheet,
        evidence.source_row
    where evidence.submission_id is not null
    union all
    -- What was not computed has no evidence: the account that would have needed it.
    select
        account.submission_id,
        submission.department_code,
        submission.file_name,
        account.source_sheet,
        account.source_row
    from mart.fct_economic_account as account
    inner join mart.dim_submission as submission on account.submission_id = submission.submission_id
    where
        found.code = 'missing-year'
        and evidence.submission_id is null
        and account.year::text = found.period
        and account.vintage = found.vintage
) as file on true
union all
-- A code that no generation of communes knows: the row counts in no commune.
select
    indicator.indicator_code,
    unknown.period,
    '38' as geography_code,
    'reported' as vintage,
    'unknown-commune' as code,
    null as observed,
    unknown.submission_id,
    submission.department_code,
    submission.file_name,
    unknown.source_sheet,
    unknown.source_row
from (
    select
        'broadband_coverage' as feed,
        period,
        submission_id,
        source_sheet,
        source_row
    from mart.fct_broadband_commune
    where commune_key is null
    union all
    select
        'health_stations' as feed,
        period,
        submission_id,
        source_sheet,
        source_row
    from mart.fct_health_station
    where commune_key is null
    union all
    select
        'st_enterprises' as feed,
        period,
        submission_id,
        source_sheet,
        source_row
    from mart.fct_st_enterprise
    where commune_key is null
) as unknown
inner join mart.dim_submission as submission on unknown.submission_id = submission.submission_id
inner join mart.dim_indicator as indicator on unknown.feed = indicator.feed;

comment on view mart.indicator_finding is
'Mỗi dòng là một điều cần biết về một giá trị, với tệp và dòng cho thấy điều đó. '
'/ One row per thing to know of a value, with the file and the row that show it.';
comment on column mart.indicator_finding.indicator_code is 'Mã chỉ tiêu. / Indicator code.';
comment on column mart.indicator_finding.period is 'Kỳ. / Period.';
comment on column mart.indicator_finding.geography_code is 'Địa bàn. / Area.';
comment on column mart.indicator_finding.vintage is 'Loại số liệu. / Vintage.';
comment on column mart.indicator_finding.code is
'Mã: tăng trưởng gần 0, không mẫu số, thiếu năm, khác loại số liệu, khác phương pháp, ngoài kế hoạch, xã lạ. '
'/ growth-near-zero, no-denominator, missing-year, mixed-vintages, method-changed, outside-plan, '
'unknown-commune.';
comment on column mart.indicator_finding.observed is
'Số liên quan: tốc độ tăng (%), mẫu số hoặc năm. / The figure concerned: growth (%), denominator or year.';
comment on column mart.indicator_finding.submission_id is
'Lần nộp; trống khi không tệp nào. / Submission; null without one.';
comment on column mart.indicator_finding.department_code is 'Đơn vị gửi. / Department that sent it.';
comment on column mart.indicator_finding.file_name is 'Tên tệp của người gửi. / The sender''s file name.';
comment on column mart.indicator_finding.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.indicator_finding.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';
