-- The departments that were asked for comments on a document, then those that commented without being asked.
select
    department_code,
    department_name_vi,
    department_name_en,
    is_consulted,
    state,
    comment_count,
    target_count,
    on_time_count,
    late_count,
    first_received_on,
    last_received_on,
    refused_file_count
from mart.consultation_department
where document_code = %(document_code)s
order by is_consulted desc, department_code asc;
