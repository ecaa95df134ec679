-- The submission of a delivery, completed once it is read to its end; a snapshot becomes current later.
insert into ledger.submission (
    feed, department_code, reporting_unit, period, period_source, state, is_correction, sheet_layout
)
values (
    %(feed)s, %(department_code)s, %(reporting_unit)s, %(period)s, %(period_source)s, %(state)s,
    %(is_correction)s, %(sheet_layout)s
)
returning submission_id;
