-- grain: agency × period
-- stage: fact
-- feeds: digital_government
-- parameters: period, period_end_on
-- replaces: mart.fct_digital_government where period = %(period)s
insert into mart.fct_digital_government (
    period, agency_code, period_end_on, agency_level, procedures_total, procedures_full_online,
    dossiers_received, dossiers_online, dossiers_on_time, dossiers_late, dossiers_pending, documents_sent,
    documents_sent_electronically_signed, connected_to_lgsp, security_level_approved,
    submission_id, source_sheet, source_row
)
select
    period,
    agency_code,
    %(period_end_on)s,
    agency_level,
    procedures_total,
    procedures_full_online,
    dossiers_received,
    dossiers_online,
    dossiers_on_time,
    dossiers_late,
    dossiers_pending,
    documents_sent,
    documents_sent_electronically_signed,
    connected_to_lgsp,
    security_level_approved,
    submission_id,
    source_sheet,
    source_row
from core.digital_government
where is_current and period = %(period)s;
