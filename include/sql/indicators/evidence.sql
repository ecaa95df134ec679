-- From a value to the files it rests on, and to the rows of each that it counts; rows of persons are not
-- named.
select
    file.submission_id,
    file.file_name,
    file.department_code,
    file.received_at,
    file.sha256,
    file.rows_used,
    file.quarantined_rows_used,
    used.source_sheet,
    used.source_row,
    used.unit_code,
    used.in_numerator,
    used.quarantined
from mart.fct_indicator_source as file
left join mart.fct_indicator_row as used
    on
        file.indicator_code = used.indicator_code
        and file.period = used.period
        and file.geography_code = used.geography_code
        and file.vintage = used.vintage
        and file.submission_id = used.submission_id
where
    file.indicator_code = %(indicator_code)s
    and file.period = %(period)s
    and file.geography_code = %(geography_code)s
    and file.vintage = %(vintage)s
order by file.received_at, file.submission_id, used.source_sheet, used.source_row;
