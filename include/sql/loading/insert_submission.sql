-- The submission of a delivery; a snapshot becomes current in a later statement.
insert into ledger.submission (
    feed, department_code, reporting_unit, period, period_source, state, is_correction, sheet_layout,
    skipped_rows, notes
)
values (
    %(feed)s, %(department_code)s, %(reporting_unit)s, %(period)s, %(period_source)s, %(state)s,
    %(is_correction)s, %(sheet_layout)s, %(skipped_rows)s, %(notes)s
)
returning submission_id;
