-- grain: document × target × commenting department × sending department × period
-- stage: fact
-- feeds: plan_comments
-- parameters: period, period_end_on
-- replaces: mart.fct_plan_comment where period = %(period)s
insert into mart.fct_plan_comment (
    period, reporting_unit, document_code, target_code, department_code, period_end_on, comment,
    proposed_value, legal_basis, received_on, is_late, submission_id, source_sheet, source_row
)
select
    sent.period,
    sent.reporting_unit,
    sent.document_code,
    sent.target_code,
    sent.department_code,
    %(period_end_on)s,
    sent.comment,
    sent.proposed_value,
    sent.legal_basis,
    sent.received_on,
    -- Null where the document has no deadline, or nobody has declared it.
    sent.received_on > document.comments_due_on as is_late,
    sent.submission_id,
    sent.source_sheet,
    sent.source_row
from core.plan_comments as sent
left join mart.dim_document as document on sent.document_code = document.document_code
where sent.is_current and sent.period = %(period)s;
