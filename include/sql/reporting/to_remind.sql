-- The reports that are missing on a day, or due by another one. Of a period that is closed to everybody
-- nothing is asked: a file for it would be refused.
select
    report.feed,
    report.feed_name,
    report.period,
    report.department_code,
    report.due_on,
    report.state,
    report.days_late,
    report.delivery_count
from mart.report_calendar_on(%(on_day)s) as report
where
    (report.state = 'missing' or (report.state = 'not_due' and report.due_on <= %(due_by)s))
    and not exists (
        select 1
        from ledger.period_lock
        where
            period_lock.feed = report.feed
            and (
                period_lock.period = report.period
                or (period_lock.feed = any(%(versioned)s) and period_lock.period > report.period)
            )
            and period_lock.unlocked_at is null
            and not exists (
                select 1
                from ledger.period_lock_exception as leave
                where leave.lock_id = period_lock.lock_id and leave.until_on >= %(on_day)s
            )
    )
order by report.due_on desc, report.feed asc;
