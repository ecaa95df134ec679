-- Enterprises and research: a dimension, the facts of four feeds, and a view over each fact.

create table mart.dim_enterprise (
    tax_code text primary key,
    enterprise_name text not null,
    first_period text not null,
    last_period text not null
);

comment on table mart.dim_enterprise is
'Mỗi dòng là một doanh nghiệp trong danh sách doanh nghiệp KH&CN hoặc doanh nghiệp phần mềm, nội dung số. '
'/ One row per enterprise of the register of S&T enterprises or of the list of software enterprises.';
comment on column mart.dim_enterprise.tax_code is
'Mã số thuế; chi nhánh có thêm 3 chữ số. / Tax code; that of a branch has 3 digits more.';
comment on column mart.dim_enterprise.enterprise_name is
'Tên ở kỳ mới nhất. / Name in the latest period.';
comment on column mart.dim_enterprise.first_period is 'Kỳ báo cáo đầu tiên. / First period reported.';
comment on column mart.dim_enterprise.last_period is 'Kỳ báo cáo mới nhất. / Latest period reported.';

create table mart.fct_st_enterprise (
    period text not null,
    tax_code text not null references mart.dim_enterprise deferrable initially deferred,
    period_end_on date not null,
    commune_code text not null,
    commune_key integer references mart.dim_commune on delete set null,
    certificate_no text not null,
    certified_on date not null,
    revoked_on date,
    in_force boolean not null,
    field text not null,
    revenue_vnd_m numeric not null,
    st_revenue_vnd_m numeric not null,
    st_revenue_pct numeric,
    employees bigint not null,
    rd_spending_vnd_m numeric not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, tax_code)
);
create index fct_st_enterprise_tax_code on mart.fct_st_enterprise (tax_code);
create index fct_st_enterprise_commune_key on mart.fct_st_enterprise (commune_key);

comment on table mart.fct_st_enterprise is
'Mỗi dòng là một doanh nghiệp KH&CN trong một kỳ. '
'/ One row per science and technology enterprise and period.';
comment on column mart.fct_st_enterprise.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_st_enterprise.tax_code is
'Mã số thuế; chi nhánh có thêm 3 chữ số. / Tax code; that of a branch has 3 digits more.';
comment on column mart.fct_st_enterprise.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_st_enterprise.commune_code is 'Mã xã như đã báo cáo. / Commune code as reported.';
comment on column mart.fct_st_enterprise.commune_key is
'Xã có hiệu lực cuối kỳ; trống khi mã lạ. / Commune in force at the period''s end; null for an unknown code.';
comment on column mart.fct_st_enterprise.certificate_no is 'Số giấy chứng nhận. / Number of the certificate.';
comment on column mart.fct_st_enterprise.certified_on is
'Ngày cấp giấy chứng nhận. / Day on which the certificate was issued.';
comment on column mart.fct_st_enterprise.revoked_on is
'Ngày thu hồi; trống khi chưa bị thu hồi. / Day of the revocation; null where not revoked.';
comment on column mart.fct_st_enterprise.in_force is
'Còn hiệu lực vào ngày cuối kỳ: đã cấp và chưa bị thu hồi đến ngày đó. '
'/ In force on the period''s last day: issued, and not revoked by then.';
comment on column mart.fct_st_enterprise.field is
'Lĩnh vực khoa học và công nghệ. / Field of science and technology.';
comment on column mart.fct_st_enterprise.revenue_vnd_m is 'Doanh thu, triệu đồng. / Revenue, million VND.';
comment on column mart.fct_st_enterprise.st_revenue_vnd_m is
'Doanh thu từ sản phẩm KH&CN, triệu đồng. / Revenue from science and technology products, million VND.';
comment on column mart.fct_st_enterprise.st_revenue_pct is
'Tỷ trọng doanh thu từ sản phẩm KH&CN (%); trống khi không có doanh thu. '
'/ Share of the revenue from science and technology products (%); null without revenue.';
comment on column mart.fct_st_enterprise.employees is 'Số lao động (người). / Employees (persons).';
comment on column mart.fct_st_enterprise.rd_spending_vnd_m is
'Chi cho nghiên cứu và phát triển, triệu đồng. / Spending on research and development, million VND.';
comment on column mart.fct_st_enterprise.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_st_enterprise.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_st_enterprise.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_software_enterprise (
    period text not null,
    tax_code text not null references mart.dim_enterprise deferrable initially deferred,
    period_end_on date not null,
    kind text not null,
    incubator text not null,
    incubated_on date not null,
    graduated_on date,
    graduated boolean not null,
    operating boolean not null,
    revenue_vnd_m numeric not null,
    employees bigint not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, tax_code)
);
create index fct_software_enterprise_tax_code on mart.fct_software_enterprise (tax_code);

comment on table mart.fct_software_enterprise is
'Mỗi dòng là một doanh nghiệp phần mềm, nội dung số được ươm tạo trong một kỳ. '
'/ One row per incubated software or digital content enterprise and period.';
comment on column mart.fct_software_enterprise.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_software_enterprise.tax_code is
'Mã số thuế; chi nhánh có thêm 3 chữ số. / Tax code; that of a branch has 3 digits more.';
comment on column mart.fct_software_enterprise.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_software_enterprise.kind is
'Loại hình: phần mềm, nội dung số. / Kind: software (phần mềm), digital content (nội dung số).';
comment on column mart.fct_software_enterprise.incubator is
'Đơn vị ươm tạo. / Organisation that incubates the enterprise.';
comment on column mart.fct_software_enterprise.incubated_on is
'Ngày vào ươm tạo. / First day of the incubation.';
comment on column mart.fct_software_enterprise.graduated_on is
'Ngày tốt nghiệp; trống khi chưa tốt nghiệp. / Day of graduation; null where not yet graduated.';
comment on column mart.fct_software_enterprise.graduated is
'Đã tốt nghiệp đến ngày cuối kỳ. / Graduated by the period''s last day.';
comment on column mart.fct_software_enterprise.operating is 'Còn hoạt động. / Still in business.';
comment on column mart.fct_software_enterprise.revenue_vnd_m is
'Doanh thu, triệu đồng. / Revenue, million VND.';
comment on column mart.fct_software_enterprise.employees is 'Số lao động (người). / Employees (persons).';
comment on column mart.fct_software_enterprise.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_software_enterprise.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_software_enterprise.source_row is
'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_rd_organisation (
    period text not null,
    organisation_code text not null,
    period_end_on date not null,
    organisation_name text not null,
    organisation_kind text not null,
    headcount bigint not null,
    fte numeric not null,
    researchers bigint not null,
    technicians bigint not null,
    support bigint not null,
    doctors bigint not null,
    masters bigint not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, organisation_code)
);

comment on table mart.fct_rd_organisation is
'Mỗi dòng là nhân lực nghiên cứu và phát triển của một tổ chức trong một năm. '
'/ One row per organisation and year: its research and development personnel.';
comment on column mart.fct_rd_organisation.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_rd_organisation.organisation_code is 'Mã tổ chức. / Code of the organisation.';
comment on column mart.fct_rd_organisation.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_rd_organisation.organisation_name is
'Tên như đã báo cáo. / Name as reported then.';
comment on column mart.fct_rd_organisation.organisation_kind is
'Loại hình: viện, trường, doanh nghiệp, cơ quan. '
'/ Kind: institute (viện), school (trường), enterprise (doanh nghiệp), agency (cơ quan).';
comment on column mart.fct_rd_organisation.headcount is
'Số người làm nghiên cứu và phát triển; không dùng thay cho số quy đổi. '
'/ Persons in research and development; never used instead of full-time equivalents.';
comment on column mart.fct_rd_organisation.fte is
'Nhân lực quy đổi toàn thời gian (người-năm). / Full-time equivalents (person-years).';
comment on column mart.fct_rd_organisation.researchers is
'Cán bộ nghiên cứu (người). / Researchers (persons).';
comment on column mart.fct_rd_organisation.technicians is
'Nhân viên kỹ thuật (người). / Technicians (persons).';
comment on column mart.fct_rd_organisation.support is
'Nhân viên hỗ trợ (người). / Supporting staff (persons).';
comment on column mart.fct_rd_organisation.doctors is 'Tiến sĩ (người). / Persons with a doctorate.';
comment on column mart.fct_rd_organisation.masters is 'Thạc sĩ (người). / Persons with a master''s degree.';
comment on column mart.fct_rd_organisation.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_rd_organisation.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_rd_organisation.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_research_task (
    period text not null,
    task_code text not null,
    period_end_on date not null,
    title text not null,
    field text not null,
    level text not null,
    lead_organisation text not null,
    lead_is_enterprise boolean not null,
    started_on date not null,
    accepted_on date,
    accepted boolean not null,
    applied_on date,
    applied boolean not null,
    transfer_contract_no text,
    transferred boolean not null,
    transfer_value_vnd_m numeric,
    budget_state_vnd_m numeric not null,
    budget_enterprise_vnd_m numeric not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, task_code)
);

comment on table mart.fct_research_task is
'Mỗi dòng là một nhiệm vụ KH&CN trong một kỳ. / One row per science and technology task and period.';
comment on column mart.fct_research_task.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_research_task.task_code is 'Mã nhiệm vụ. / Code of the task.';
comment on column mart.fct_research_task.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_research_task.title is 'Tên như đã báo cáo. / Title as reported then.';
comment on column mart.fct_research_task.field is
'Lĩnh vực khoa học và công nghệ. / Field of science and technology.';
comment on column mart.fct_research_task.level is
'Cấp: quốc gia, tỉnh, cơ sở. / Level: national (quốc gia), provincial (tỉnh), institutional (cơ sở).';
comment on column mart.fct_research_task.lead_organisation is
'Tổ chức chủ trì. / Organisation that leads the task.';
comment on column mart.fct_research_task.lead_is_enterprise is
'Tổ chức chủ trì là doanh nghiệp. / The leading organisation is an enterprise.';
comment on column mart.fct_research_task.started_on is 'Ngày bắt đầu. / First day of the task.';
comment on column mart.fct_research_task.accepted_on is
'Ngày nghiệm thu; trống khi chưa nghiệm thu. / Day of acceptance; null where not yet accepted.';
comment on column mart.fct_research_task.accepted is
'Đã nghiệm thu đến ngày cuối kỳ. / Accepted by the period''s last day.';
comment on column mart.fct_research_task.applied_on is
'Ngày ứng dụng kết quả; trống khi chưa ứng dụng. / Day the results were put to use; null where not yet.';
comment on column mart.fct_research_task.applied is
'Kết quả đã được ứng dụng đến ngày cuối kỳ. / Results in use by the period''s last day.';
comment on column mart.fct_research_task.transfer_contract_no is
'Số hợp đồng chuyển giao; trống khi chưa chuyển giao. '
'/ Number of the transfer contract; null where not transferred.';
comment on column mart.fct_research_task.transferred is
'Đã có hợp đồng chuyển giao trong báo cáo của kỳ. / The period''s report names a transfer contract.';
comment on column mart.fct_research_task.transfer_value_vnd_m is
'Giá trị hợp đồng chuyển giao, triệu đồng; trống khi chưa chuyển giao. '
'/ Value of the transfer contract, million VND; null where not transferred.';
comment on column mart.fct_research_task.budget_state_vnd_m is
'Kinh phí từ ngân sách nhà nước, triệu đồng. / Funding from the state budget, million VND.';
comment on column mart.fct_research_task.budget_enterprise_vnd_m is
'Kinh phí của doanh nghiệp, triệu đồng. / Funding by enterprises, million VND.';
comment on column mart.fct_research_task.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_research_task.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_research_task.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create view mart.st_enterprise with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.tax_code,
    enterprise.enterprise_name,
    fact.commune_code,
    commune.commune_name,
    commune.commune_type,
    commune.district_name,
    fact.certificate_no,
    fact.certified_on,
    fact.revoked_on,
    fact.in_force,
    fact.field,
    fact.revenue_vnd_m,
    fact.st_revenue_vnd_m,
    fact.st_revenue_pct,
    fact.employees,
    fact.rd_spending_vnd_m
from mart.fct_st_enterprise as fact
inner join mart.dim_enterprise as enterprise on fact.tax_code = enterprise.tax_code
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key;

comment on view mart.st_enterprise is
'Mỗi dòng là một doanh nghiệp KH&CN trong một kỳ, kèm tên doanh nghiệp, xã, huyện. '
'/ One row per science and technology enterprise and period, with names.';

create view mart.software_enterprise with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.tax_code,
    enterprise.enterprise_name,
    fact.kind,
    fact.incubator,
    fact.incubated_on,
    fact.graduated_on,
    fact.graduated,
    fact.operating,
    fact.revenue_vnd_m,
    fact.employees
from mart.fct_software_enterprise as fact
inner join mart.dim_enterprise as enterprise on fact.tax_code = enterprise.tax_code;

comment on view mart.software_enterprise is
'Mỗi dòng là một doanh nghiệp phần mềm, nội dung số trong một kỳ, kèm tên. '
'/ One row per software or digital content enterprise and period, with its name.';

create view mart.rd_organisation with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.organisation_code,
    fact.organisation_name,
    fact.organisation_kind,
    fact.headcount,
    fact.fte,
    100.0 * fact.fte / nullif(fact.headcount, 0) as fte_pct,
    fact.researchers,
    fact.technicians,
    fact.support,
    fact.doctors,
    fact.masters
from mart.fct_rd_organisation as fact;

comment on view mart.rd_organisation is
'Mỗi dòng là nhân lực nghiên cứu và phát triển của một tổ chức trong một năm. '
'/ One row per organisation and year: its research and development personnel.';
comment on column mart.rd_organisation.fte_pct is
'Số quy đổi toàn thời gian trên số người (%); trống khi không có người. '
'/ Full-time equivalents for each hundred persons (%); null without persons.';

create view mart.research_task with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.task_code,
    fact.title,
    fact.field,
    fact.level,
    fact.lead_organisation,
    fact.lead_is_enterprise,
    fact.started_on,
    fact.accepted_on,
    fact.accepted,
    fact.applied_on,
    fact.applied,
    fact.transfer_contract_no,
    fact.transferred,
    fact.transfer_value_vnd_m,
    fact.budget_state_vnd_m,
    fact.budget_enterprise_vnd_m,
    fact.budget_state_vnd_m + fact.budget_enterprise_vnd_m as budget_total_vnd_m,
    100.0 * fact.budget_enterprise_vnd_m
    / nullif(fact.budget_state_vnd_m + fact.budget_enterprise_vnd_m, 0) as budget_enterprise_pct
from mart.fct_research_task as fact;

comment on view mart.research_task is
'Mỗi dòng là một nhiệm vụ KH&CN trong một kỳ, kèm tỷ trọng kinh phí của doanh nghiệp. '
'/ One row per science and technology task and period, with the share that enterprises fund.';
comment on column mart.research_task.budget_total_vnd_m is
'Tổng kinh phí, triệu đồng. / Funding in all, million VND.';
comment on column mart.research_task.budget_enterprise_pct is
'Tỷ trọng kinh phí của doanh nghiệp (%); trống khi không có kinh phí. '
'/ Share of the funding that comes from enterprises (%); null without funding.';
