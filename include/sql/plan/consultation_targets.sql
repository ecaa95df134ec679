-- The targets of a document with what was said of them; those it does not set come last.
select
    target_code,
    target_name_vi,
    target_name_en,
    is_target_of_document,
    target_value,
    statement_vi,
    statement_en,
    unit_vi,
    direction,
    target_year,
    comment_count,
    department_count,
    on_time_count,
    late_count,
    proposal_count,
    proposed_min,
    proposed_max,
    proposed_values,
    legal_bases
from mart.consultation_target
where document_code = %(document_code)s
order by is_target_of_document desc, target_code asc;
