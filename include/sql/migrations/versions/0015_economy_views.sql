-- Views over the economic accounts, the digital economy and digital government. Each reads with the rights of
-- who asks.

create view mart.economic_account_best with (security_invoker = true) as
select distinct on (fact.year)
    fact.year,
    fact.vintage,
    fact.reporting_period,
    fact.grdp_current_vnd_bn,
    fact.grdp_constant2010_vnd_bn,
    fact.capital_stock_constant2010_vnd_bn,
    fact.employed_average_thousand,
    fact.population_average_thousand,
    fact.capital_share,
    fact.submission_id,
    fact.source_sheet,
    fact.source_row
from mart.fct_economic_account as fact
inner join mart.dim_vintage as known on fact.vintage = known.vintage
order by fact.year, known.preference;

comment on view mart.economic_account_best is
'Mỗi dòng là một năm theo loại số liệu tốt nhất: chính thức, rồi sơ bộ, rồi ước tính. '
'/ One row per year in its best vintage: final, then preliminary, then estimate.';

create view mart.economic_account_revision with (security_invoker = true) as
select
    year,
    grdp_current_estimate_vnd_bn,
    grdp_current_preliminary_vnd_bn,
    grdp_current_final_vnd_bn,
    100.0 * (grdp_current_preliminary_vnd_bn / nullif(grdp_current_estimate_vnd_bn, 0) - 1)
        as grdp_current_estimate_to_preliminary_pct,
    100.0 * (grdp_current_final_vnd_bn / nullif(grdp_current_preliminary_vnd_bn, 0) - 1)
        as grdp_current_preliminary_to_final_pct,
    100.0 * (grdp_current_final_vnd_bn / nullif(grdp_current_estimate_vnd_bn, 0) - 1)
        as grdp_current_estimate_to_final_pct,
    grdp_constant2010_estimate_vnd_bn,
    grdp_constant2010_preliminary_vnd_bn,
    grdp_constant2010_final_vnd_bn,
    100.0 * (grdp_constant2010_preliminary_vnd_bn / nullif(grdp_constant2010_estimate_vnd_bn, 0) - 1)
        as grdp_constant2010_estimate_to_preliminary_pct,
    100.0 * (grdp_constant2010_final_vnd_bn / nullif(grdp_constant2010_preliminary_vnd_bn, 0) - 1)
        as grdp_constant2010_preliminary_to_final_pct,
    100.0 * (grdp_constant2010_final_vnd_bn / nullif(grdp_constant2010_estimate_vnd_bn, 0) - 1)
        as grdp_constant2010_estimate_to_final_pct
from (
    select
        year,
        max(grdp_current_vnd_bn) filter (where vintage = 'estimate')
            as grdp_current_estimate_vnd_bn,
        max(grdp_current_vnd_bn) filter (where vintage = 'preliminary')
            as grdp_current_preliminary_vnd_bn,
        max(grdp_current_vnd_bn) filter (where vintage = 'final')
            as grdp_current_final_vnd_bn,
        max(grdp_constant2010_vnd_bn) filter (where vintage = 'estimate')
            as grdp_constant2010_estimate_vnd_bn,
        max(grdp_constant2010_vnd_bn) filter (where vintage = 'preliminary')
            as grdp_constant2010_preliminary_vnd_bn,
        max(grdp_constant2010_vnd_bn) filter (where vintage = 'final')
            as grdp_constant2010_final_vnd_bn
    from mart.fct_economic_account
    group by year
) as side_by_side;

comment on view mart.economic_account_revision is
'Mỗi dòng là GRDP của một năm: ước tính, sơ bộ, chính thức cạnh nhau và mức thay đổi. '
'/ One row per year: GRDP as estimate, preliminary and final side by side, and by how much it changed.';
comment on column mart.economic_account_revision.grdp_current_estimate_vnd_bn is
'GRDP giá hiện hành, ước tính, tỷ đồng; trống khi chưa có. '
'/ GRDP at current prices, estimate, billion VND; null without.';
comment on column mart.economic_account_revision.grdp_current_preliminary_vnd_bn is
'GRDP giá hiện hành, sơ bộ, tỷ đồng; trống khi chưa có. '
'/ GRDP at current prices, preliminary, billion VND; null without.';
comment on column mart.economic_account_revision.grdp_current_final_vnd_bn is
'GRDP giá hiện hành, chính thức, tỷ đồng; trống khi chưa có. '
'/ GRDP at current prices, final, billion VND; null without.';
comment on column mart.economic_account_revision.grdp_current_estimate_to_preliminary_pct is
'GRDP giá hiện hành, ước tính đến sơ bộ: thay đổi (%). '
'/ GRDP at current prices, estimate to preliminary: change (%).';
comment on column mart.economic_account_revision.grdp_current_preliminary_to_final_pct is
'GRDP giá hiện hành, sơ bộ đến chính thức: thay đổi (%). '
'/ GRDP at current prices, preliminary to final: change (%).';
comment on column mart.economic_account_revision.grdp_current_estimate_to_final_pct is
'GRDP giá hiện hành, ước tính đến chính thức: thay đổi (%). '
'/ GRDP at current prices, estimate to final: change (%).';
comment on column mart.economic_account_revision.grdp_constant2010_estimate_vnd_bn is
'GRDP giá so sánh 2010, ước tính, tỷ đồng; trống khi chưa có. '
'/ GRDP at constant 2010 prices, estimate, billion VND; null without.';
comment on column mart.economic_account_revision.grdp_constant2010_preliminary_vnd_bn is
'GRDP giá so sánh 2010, sơ bộ, tỷ đồng; trống khi chưa có. '
'/ GRDP at constant 2010 prices, preliminary, billion VND; null without.';
comment on column mart.economic_account_revision.grdp_constant2010_final_vnd_bn is
'GRDP giá so sánh 2010, chính thức, tỷ đồng; trống khi chưa có. '
'/ GRDP at constant 2010 prices, final, billion VND; null without.';
comment on column mart.economic_account_revision.grdp_constant2010_estimate_to_preliminary_pct is
'GRDP giá so sánh 2010, ước tính đến sơ bộ: thay đổi (%). '
'/ GRDP at constant 2010 prices, estimate to preliminary: change (%).';
comment on column mart.economic_account_revision.grdp_constant2010_preliminary_to_final_pct is
'GRDP giá so sánh 2010, sơ bộ đến chính thức: thay đổi (%). '
'/ GRDP at constant 2010 prices, preliminary to final: change (%).';
comment on column mart.economic_account_revision.grdp_constant2010_estimate_to_final_pct is
'GRDP giá so sánh 2010, ước tính đến chính thức: thay đổi (%). '
'/ GRDP at constant 2010 prices, estimate to final: change (%).';

create view mart.population_year with (security_invoker = true) as
select
    coalesce(published.year, account.year) as year,
    coalesce(published.population, round(1000 * account.population_average_thousand)::bigint) as population,
    case when published.year is null then 'economic_accounts' else 'published' end as basis,
    coalesce(
        published.source, format('economic_accounts %s, %s', account.reporting_period, account.vintage)
    ) as source,
    case when published.year is null then account.submission_id end as submission_id,
    case when published.year is null then account.source_sheet end as source_sheet,
    case when published.year is null then account.source_row end as source_row
from (
    select
        year,
        population,
        source
    from mart.dim_population
    -- The province whose accounts these are.
    where province_code = '38'
) as published
full outer join mart.economic_account_best as account on published.year = account.year;

comment on view mart.population_year is
'Mỗi dòng là dân số của tỉnh trong một năm: số đã công bố, nếu không có thì dân số trung bình của tài khoản '
'kinh tế. '
'/ One row per year: the province''s population as published, else the average of the economic accounts.';
comment on column mart.population_year.year is 'Năm. / Year.';
comment on column mart.population_year.population is 'Dân số (người). / Persons.';
comment on column mart.population_year.basis is
'Căn cứ: đã công bố, tài khoản kinh tế. / published, economic_accounts.';
comment on column mart.population_year.source is
'Nguồn công bố, hoặc kỳ báo cáo và loại số liệu. / Publication, or reporting period and vintage.';
comment on column mart.population_year.submission_id is
'Lần nộp của tài khoản; trống với số đã công bố. / Submission of the account; null for a published figure.';
comment on column mart.population_year.source_sheet is
'Trang tính của tài khoản; trống với số đã công bố. / Sheet of the account; null for a published figure.';
comment on column mart.population_year.source_row is
'Dòng của tài khoản; trống với số đã công bố. / Row of the account; null for a published figure.';

create view mart.digital_economy with (security_invoker = true) as
select
    fact.year,
    fact.source,
    fact.vintage,
    known.name_vi as vintage_vi,
    known.preference = min(known.preference) over (partition by fact.year, fact.source) as is_best_vintage,
    fact.reporting_period,
    fact.ict_vnd_bn,
    fact.platform_vnd_bn,
    fact.sector_digitalisation_vnd_bn,
    fact.total_vnd_bn,
    fact.grdp_current_vnd_bn,
    fact.share_pct
from mart.fct_digital_economy as fact
inner join mart.dim_vintage as known on fact.vintage = known.vintage;

comment on view mart.digital_economy is
'Mỗi dòng là kinh tế số một năm theo một nguồn và một loại số liệu. '
'/ One row per year, source and vintage: the digital economy.';
comment on column mart.digital_economy.vintage_vi is
'Loại số liệu, tên tiếng Việt. / Vintage, its Vietnamese name.';
comment on column mart.digital_economy.is_best_vintage is
'Là loại số liệu tốt nhất của năm và nguồn đó. / Whether it is the best vintage of its year and source.';

create view mart.digital_government with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.agency_code,
    agency.agency_name,
    fact.agency_level,
    fact.procedures_total,
    fact.procedures_full_online,
    100.0 * fact.procedures_full_online / nullif(fact.procedures_total, 0) as procedures_full_online_pct,
    fact.dossiers_received,
    fact.dossiers_online,
    100.0 * fact.dossiers_online / nullif(fact.dossiers_received, 0) as dossiers_online_pct,
    fact.dossiers_on_time,
    fact.dossiers_late,
    fact.dossiers_pending,
    100.0 * fact.dossiers_on_time / nullif(fact.dossiers_on_time + fact.dossiers_late, 0)
        as dossiers_on_time_pct,
    fact.documents_sent,
    fact.documents_sent_electronically_signed,
    100.0 * fact.documents_sent_electronically_signed / nullif(fact.documents_sent, 0)
        as documents_sent_electronically_signed_pct,
    fact.connected_to_lgsp,
    fact.security_level_approved
from mart.fct_digital_government as fact
inner join mart.dim_agency as agency on fact.agency_code = agency.agency_code;

comment on view mart.digital_government is
'Mỗi dòng là một cơ quan trong một kỳ, kèm tên và các tỷ lệ. '
'/ One row per agency and period, with its name and shares.';
comment on column mart.digital_government.procedures_full_online_pct is
'Thủ tục toàn trình trên tổng số thủ tục (%); trống khi không có thủ tục. '
'/ Procedures online from end to end (%); null without procedures.';
comment on column mart.digital_government.dossiers_online_pct is
'Hồ sơ trực tuyến trên hồ sơ tiếp nhận (%); trống khi không có hồ sơ. '
'/ Dossiers received online (%); null without dossiers.';
comment on column mart.digital_government.dossiers_on_time_pct is
'Hồ sơ đúng hạn trên hồ sơ đã giải quyết (%); trống khi chưa giải quyết hồ sơ nào. '
'/ Dossiers on time among those settled (%); null where none is settled.';
comment on column mart.digital_government.documents_sent_electronically_signed_pct is
'Văn bản ký số trên văn bản đi (%); trống khi không có văn bản. '
'/ Documents sent that are signed electronically (%); null without documents.';
