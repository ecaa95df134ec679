-- Every comment on a document, by target and department; the one that counts stands before those it replaced.
select
    target_code,
    target_name_vi,
    target_name_en,
    is_target_of_document,
    department_code,
    department_name_vi,
    department_name_en,
    comment,
    proposed_value,
    proposed_unit_vi,
    legal_basis,
    received_on,
    is_late,
    is_standing,
    period,
    reporting_unit,
    submission_id,
    file_name,
    source_sheet,
    source_row
from mart.consultation_comment
where document_code = %(document_code)s
order by
    is_target_of_document desc,
    target_code asc,
    department_code asc,
    is_standing desc,
    received_on desc,
    submission_id desc;
