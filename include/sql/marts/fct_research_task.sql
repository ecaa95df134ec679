-- grain: task × period
-- stage: fact
-- feeds: research_transfer
-- parameters: period, period_end_on
-- replaces: mart.fct_research_task where period = %(period)s
insert into mart.fct_research_task (
    period, task_code, period_end_on, title, field, level, lead_organisation, lead_is_enterprise, started_on,
    accepted_on, accepted, applied_on, applied, transfer_contract_no, transferred, transfer_value_vnd_m,
    budget_state_vnd_m, budget_enterprise_vnd_m, submission_id, source_sheet, source_row
)
select
    period,
    task_code,
    %(period_end_on)s,
    title,
    field,
    level,
    lead_organisation,
    lead_is_enterprise,
    started_on,
    accepted_on,
    coalesce(accepted_on <= %(period_end_on)s, false) as accepted,
    applied_on,
    coalesce(applied_on <= %(period_end_on)s, false) as applied,
    transfer_contract_no,
    -- A contract has a number and no day of its own: it counts where the period's report names it.
    transfer_contract_no is not null as transferred,
    transfer_value_vnd_m,
    budget_state_vnd_m,
    budget_enterprise_vnd_m,
    submission_id,
    source_sheet,
    source_row
from core.research_transfer
where is_current and period = %(period)s;
