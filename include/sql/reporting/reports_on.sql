-- How each report stands on a day, and whether its period is closed now.
select
    report.feed,
    report.feed_name,
    report.period,
    report.reporting_unit,
    report.department_code,
    report.department_name,
    report.frequency,
    report.period_start_on,
    report.period_end_on,
    report.due_on,
    report.is_past_due,
    report.state,
    report.first_received_at,
    report.accepted_at,
    report.accepted_on,
    report.days_late,
    report.delivery_count,
    report.submission_id,
    report.rows_accepted,
    report.rows_quarantined,
    report.expects,
    report.expected_units,
    report.reported_units,
    report.completeness_pct,
    period_lock.locked_at
from mart.report_calendar_on(%(on_day)s) as report
left join ledger.period_lock
    on
        report.feed = period_lock.feed
        and report.period = period_lock.period
        and period_lock.unlocked_at is null
order by report.due_on desc, report.department_code asc, report.feed asc, report.reporting_unit asc;
