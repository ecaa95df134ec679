-- Makes the reports that are owed equal to what the contracts say; writes nothing where nothing differs.
merge into mart.dim_report as stored
using
    jsonb_to_recordset(%(reports)s::jsonb)
        as owed (
            feed text,
            period text,
            reporting_unit text,
            feed_name text,
            department_code text,
            frequency text,
            period_start_on date,
            period_end_on date,
            due_on date,
            expected_units text
        )
    on
        stored.feed = owed.feed
        and stored.period = owed.period
        and stored.reporting_unit = owed.reporting_unit
when matched and (
    stored.feed_name, stored.department_code, stored.frequency, stored.period_start_on, stored.period_end_on,
    stored.due_on, stored.expects
) is distinct from (
    owed.feed_name, owed.department_code, owed.frequency, owed.period_start_on, owed.period_end_on,
    owed.due_on, owed.expected_units
) then
    update
        set
            feed_name = owed.feed_name,
            department_code = owed.department_code,
            frequency = owed.frequency,
            period_start_on = owed.period_start_on,
            period_end_on = owed.period_end_on,
            due_on = owed.due_on,
            expects = owed.expected_units
when not matched then
    insert (
        feed, period, reporting_unit, feed_name, department_code, frequency, period_start_on, period_end_on,
        due_on, expects
    ) values (
        owed.feed, owed.period, owed.reporting_unit, owed.feed_name, owed.department_code, owed.frequency,
        owed.period_start_on, owed.period_end_on, owed.due_on, owed.expected_units
    )
when not matched by source then delete;
