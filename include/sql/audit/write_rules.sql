-- Makes the rules of the audit equal to the program's table; writes nothing where nothing differs.
merge into mart.dim_plan_rule as stored
using
    jsonb_to_recordset(%(rules)s::jsonb)
        as listed (rule text, severity text, title_vi text, title_en text, position integer)
    on stored.rule = listed.rule
when matched and (
    stored.severity, stored.title_vi, stored.title_en, stored.position
) is distinct from (
    listed.severity, listed.title_vi, listed.title_en, listed.position
) then
    update
        set
            severity = listed.severity,
            title_vi = listed.title_vi,
            title_en = listed.title_en,
            position = listed.position
when not matched then
    insert (rule, severity, title_vi, title_en, position)
    values (listed.rule, listed.severity, listed.title_vi, listed.title_en, listed.position)
when not matched by source then delete;
