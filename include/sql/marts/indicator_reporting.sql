-- grain: indicator × period × geography × vintage
-- stage: indicator
-- indicators: REPORT_ON_TIME, REPORT_COMPLETE
-- feeds: ledger
-- parameters: geography_code
-- replaces: mart.fct_indicator_file where indicator_code ~ '^REPORT_'
-- Every round, since a report becomes late or missing by the clock, without any load. A value is written only
-- where it differs.
with quarter as (
    select
        calendar_quarter as period,
        max(date_on) as period_end_on
    from mart.dim_date
    group by calendar_quarter
),

rate as (
    select
        measured.indicator_code,
        reported.period,
        quarter.period_end_on,
        case measured.indicator_code
            when 'REPORT_ON_TIME' then reported.on_time_count else reported.complete_count
        end as reports,
        case measured.indicator_code
            when 'REPORT_ON_TIME' then reported.due_count else reported.measured_count
        end as all_reports
    from mart.reporting_rate as reported
    left join quarter on reported.period = quarter.period
    cross join (values ('REPORT_ON_TIME'), ('REPORT_COMPLETE')) as measured (indicator_code)
    where reported.feed is null and reported.department_code is null and reported.frequency = 'quarterly'
),

-- Whether a report came in time its first file decides, whether it is complete the one that counts now.
evidence as (
    insert into mart.fct_indicator_file (indicator_code, period, geography_code, vintage, submission_id)
    select
        rate.indicator_code,
        rate.period,
        %(geography_code)s,
        'reported' as vintage,
        case rate.indicator_code
            when 'REPORT_ON_TIME' then came.accepted_submission_id else came.submission_id
        end as submission_id
    from rate
    inner join mart.report_calendar as report on rate.period = report.period and report.is_past_due
    inner join mart.fct_report as came
        on
            report.feed = came.feed
            and report.period = came.period
            and report.reporting_unit = came.reporting_unit
    where
        (rate.indicator_code = 'REPORT_ON_TIME' and came.accepted_submission_id is not null)
        or (
            rate.indicator_code = 'REPORT_COMPLETE'
            and report.expects is not null
            and came.submission_id is not null
        )
)

insert into mart.fct_indicator_value (
    indicator_code, period, geography_code, vintage, period_end_on, numerator, denominator, value, unit
)
select
    indicator_code,
    period,
    %(geography_code)s,
    'reported' as vintage,
    period_end_on,
    reports as numerator,
    all_reports as denominator,
    100.0 * reports / nullif(all_reports, 0) as value,
    'pct' as unit
from rate
on conflict (indicator_code, period, geography_code, vintage) do update
    set
        numerator = excluded.numerator,
        denominator = excluded.denominator,
        value = excluded.value,
        computed_at = now()
    where
    (fct_indicator_value.numerator, fct_indicator_value.denominator)
    is distinct from (excluded.numerator, excluded.denominator);
