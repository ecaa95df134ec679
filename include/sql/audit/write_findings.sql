-- Makes the findings equal to what the rules find now; one that stays as it is keeps its time.
merge into mart.fct_plan_finding as stored
using
    jsonb_to_recordset(%(findings)s::jsonb)
        as found (
            rule text,
            subject text,
            severity text,
            targets text[],
            documents text[],
            message_vi text,
            message_en text,
            evidence jsonb
        )
    on stored.rule = found.rule and stored.subject = found.subject
when matched and (
    stored.severity, stored.targets, stored.documents, stored.message_vi, stored.message_en, stored.evidence
) is distinct from (
    found.severity, found.targets, found.documents, found.message_vi, found.message_en, found.evidence
) then
    update
        set
            severity = found.severity,
            targets = found.targets,
            documents = found.documents,
            message_vi = found.message_vi,
            message_en = found.message_en,
            evidence = found.evidence,
            computed_at = now()
when not matched then
    insert (rule, subject, severity, targets, documents, message_vi, message_en, evidence)
    values (
        found.rule, found.subject, found.severity, found.targets, found.documents, found.message_vi,
        found.message_en, found.evidence
    )
when not matched by source then delete;
