-- Facts of the smart city, the plan's budget and the comments on its draft.

alter table plan.document add column comments_due_on date;
comment on column plan.document.comments_due_on is
'Hạn góp ý dự thảo; trống khi không lấy ý kiến. '
'/ Last day for comments on a draft; null where none are asked for.';

create table mart.dim_document (
    document_code text primary key,
    number text,
    title_vi text not null,
    title_en text not null,
    status text not null,
    dated_on date not null,
    comments_due_on date,
    source text not null,
    sureness text not null
);

comment on table mart.dim_document is
'Mỗi dòng là một văn bản có mục tiêu. / One row per document that sets targets.';
comment on column mart.dim_document.document_code is 'Mã văn bản. / Document code.';
comment on column mart.dim_document.number is
'Số, ký hiệu; trống với dự thảo. / Official number; null for a draft.';
comment on column mart.dim_document.title_vi is 'Tên văn bản. / Title in Vietnamese.';
comment on column mart.dim_document.title_en is 'Tên tiếng Anh. / Title in English.';
comment on column mart.dim_document.status is
'Tình trạng: dự thảo, hiệu lực, đã thay thế. / draft, in_force, replaced.';
comment on column mart.dim_document.dated_on is
'Ngày ban hành hoặc ngày nghe dự thảo. / Day of issue or of hearing.';
comment on column mart.dim_document.comments_due_on is
'Hạn góp ý dự thảo; trống khi không lấy ý kiến. '
'/ Last day for comments on a draft; null where none are asked for.';
comment on column mart.dim_document.source is 'Nguồn. / Source.';
comment on column mart.dim_document.sureness is
'Độ chắc chắn: đọc được, suy ra, hiểu biết chung. / How it is known: read, derived, general_knowledge.';

create table mart.dim_urban_area (
    urban_area_code text primary key,
    urban_area_name text not null,
    first_period text not null,
    last_period text not null
);

comment on table mart.dim_urban_area is
'Mỗi dòng là một đô thị đã báo cáo. / One row per urban area that was ever reported.';
comment on column mart.dim_urban_area.urban_area_code is 'Mã đô thị. / Urban area code.';
comment on column mart.dim_urban_area.urban_area_name is 'Tên ở kỳ mới nhất. / Name in the latest period.';
comment on column mart.dim_urban_area.first_period is 'Kỳ báo cáo đầu tiên. / First period reported.';
comment on column mart.dim_urban_area.last_period is 'Kỳ báo cáo mới nhất. / Latest period reported.';

create table mart.fct_smart_city_service (
    period text not null,
    urban_area_code text not null references mart.dim_urban_area deferrable initially deferred,
    service text not null,
    period_end_on date not null,
    ioc_operating boolean not null,
    stage text not null,
    sensors bigint not null,
    users bigint,
    cost_vnd_m numeric not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, urban_area_code, service)
);
create index fct_smart_city_service_urban_area_key on mart.fct_smart_city_service (urban_area_code);

comment on table mart.fct_smart_city_service is
'Mỗi dòng là một dịch vụ đô thị thông minh của một đô thị trong một kỳ. '
'/ One row per urban area, smart city service and period.';
comment on column mart.fct_smart_city_service.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_smart_city_service.urban_area_code is 'Mã đô thị. / Urban area code.';
comment on column mart.fct_smart_city_service.service is
'Dịch vụ: giao thông, môi trường, an ninh, y tế, giáo dục, du lịch, phản ánh hiện trường. '
'/ Service: transport, environment, security, health, education, tourism, reports from the scene.';
comment on column mart.fct_smart_city_service.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_smart_city_service.ioc_operating is
'Trung tâm điều hành thông minh (IOC) hoạt động. / The operations centre (IOC) is running.';
comment on column mart.fct_smart_city_service.stage is
'Giai đoạn: kế hoạch, thí điểm, vận hành. / Stage: planned, piloted, operating.';
comment on column mart.fct_smart_city_service.sensors is 'Số cảm biến. / Sensors.';
comment on column mart.fct_smart_city_service.users is
'Số người dùng (người); trống khi từ 1 đến 4. / Users (persons); null from 1 to 4.';
comment on column mart.fct_smart_city_service.cost_vnd_m is 'Kinh phí (triệu đồng). / Cost (million VND).';
comment on column mart.fct_smart_city_service.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_smart_city_service.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_smart_city_service.source_row is
'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_plan_budget (
    period text not null,
    target_code text not null,
    solution_code text not null,
    source text not null,
    period_end_on date not null,
    planned_vnd_m numeric not null,
    allocated_vnd_m numeric not null,
    disbursed_vnd_m numeric not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, target_code, solution_code, source)
);

comment on table mart.fct_plan_budget is
'Mỗi dòng là kinh phí từ một nguồn cho một giải pháp của một mục tiêu trong một năm. '
'/ One row per target, solution, source of money and year.';
comment on column mart.fct_plan_budget.period is 'Năm báo cáo. / Reporting year.';
comment on column mart.fct_plan_budget.target_code is
'Mã chỉ tiêu mà mục tiêu nói đến. / Code of the indicator that the target speaks of.';
comment on column mart.fct_plan_budget.solution_code is 'Mã giải pháp. / Solution code.';
comment on column mart.fct_plan_budget.source is
'Nguồn vốn: ngân sách trung ương, tỉnh, huyện, doanh nghiệp, khác. '
'/ Source of the money: central budget, province, district, enterprises, other.';
comment on column mart.fct_plan_budget.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_plan_budget.planned_vnd_m is
'Kế hoạch vốn (triệu đồng). / Planned (million VND).';
comment on column mart.fct_plan_budget.allocated_vnd_m is
'Vốn đã phân bổ (triệu đồng). / Allocated (million VND).';
comment on column mart.fct_plan_budget.disbursed_vnd_m is
'Vốn đã giải ngân (triệu đồng). / Disbursed (million VND).';
comment on column mart.fct_plan_budget.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_plan_budget.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_plan_budget.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_plan_comment (
    period text not null,
    reporting_unit text not null,
    document_code text not null,
    target_code text not null,
    department_code text not null,
    period_end_on date not null,
    comment text not null,
    proposed_value numeric,
    legal_basis text,
    received_on date not null,
    is_late boolean,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, reporting_unit, document_code, target_code, department_code)
);

comment on table mart.fct_plan_comment is
'Mỗi dòng là ý kiến của một đơn vị về một mục tiêu của một văn bản, do một đơn vị gửi. '
'/ One row per comment of a department on a target of a document, by the department that sent it.';
comment on column mart.fct_plan_comment.period is 'Năm báo cáo. / Reporting year.';
comment on column mart.fct_plan_comment.reporting_unit is 'Đơn vị gửi tệp. / Department that sent the file.';
comment on column mart.fct_plan_comment.document_code is
'Mã văn bản được góp ý. / Code of the document commented on.';
comment on column mart.fct_plan_comment.target_code is
'Mã chỉ tiêu mà mục tiêu nói đến. / Code of the indicator that the target speaks of.';
comment on column mart.fct_plan_comment.department_code is
'Mã đơn vị góp ý. / Code of the department that commented.';
comment on column mart.fct_plan_comment.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_plan_comment.comment is 'Nội dung góp ý. / The comment.';
comment on column mart.fct_plan_comment.proposed_value is
'Giá trị đề xuất, theo đơn vị tính của mục tiêu; trống khi không có. '
'/ Value proposed, in the target''s unit; null where none is.';
comment on column mart.fct_plan_comment.legal_basis is
'Căn cứ pháp lý; trống khi không nêu. / Legal basis; null where none is named.';
comment on column mart.fct_plan_comment.received_on is
'Ngày nhận góp ý. / Day on which the comment was received.';
comment on column mart.fct_plan_comment.is_late is
'Góp ý sau hạn; trống khi văn bản không có hạn. '
'/ Received after the deadline; null where the document has none.';
comment on column mart.fct_plan_comment.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_plan_comment.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_plan_comment.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create view mart.smart_city_service with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.urban_area_code,
    urban_area.urban_area_name,
    fact.ioc_operating,
    fact.service,
    fact.stage,
    fact.sensors,
    fact.users,
    fact.cost_vnd_m
from mart.fct_smart_city_service as fact
inner join mart.dim_urban_area as urban_area on fact.urban_area_code = urban_area.urban_area_code;

comment on view mart.smart_city_service is
'Mỗi dòng là một dịch vụ đô thị thông minh của một đô thị trong một kỳ, kèm tên đô thị. '
'/ One row per smart city service, urban area and period, with the area''s name.';

create view mart.plan_budget with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.target_code,
    indicator.name_vi as target_name_vi,
    indicator.name_en as target_name_en,
    fact.solution_code,
    fact.source,
    fact.planned_vnd_m,
    fact.allocated_vnd_m,
    fact.disbursed_vnd_m,
    100.0 * fact.allocated_vnd_m / nullif(fact.planned_vnd_m, 0) as allocated_pct,
    100.0 * fact.disbursed_vnd_m / nullif(fact.allocated_vnd_m, 0) as disbursed_pct
from mart.fct_plan_budget as fact
left join mart.dim_indicator as indicator on fact.target_code = indicator.indicator_code;

comment on view mart.plan_budget is
'Mỗi dòng là kinh phí từ một nguồn cho một giải pháp của một mục tiêu trong một năm, kèm tên. '
'/ One row per target, solution, source and year: money of the plan, with names.';
comment on column mart.plan_budget.target_name_vi is
'Tên chỉ tiêu; trống khi chưa khai báo. / Indicator in Vietnamese; null where it is not declared yet.';
comment on column mart.plan_budget.target_name_en is
'Tên tiếng Anh; trống khi chưa khai báo. / Indicator in English; null where it is not declared yet.';
comment on column mart.plan_budget.allocated_pct is
'Đã phân bổ trên kế hoạch vốn (%). / Allocated for each hundred planned (%).';
comment on column mart.plan_budget.disbursed_pct is
'Đã giải ngân trên đã phân bổ (%). / Disbursed for each hundred allocated (%).';

create view mart.plan_comment with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.document_code,
    document.title_vi as document_title_vi,
    document.title_en as document_title_en,
    fact.target_code,
    indicator.name_vi as target_name_vi,
    indicator.name_en as target_name_en,
    fact.department_code,
    department.name_vi as department_name_vi,
    department.name_en as department_name_en,
    fact.reporting_unit,
    fact.comment,
    fact.proposed_value,
    indicator.unit_vi as proposed_unit_vi,
    fact.legal_basis,
    fact.received_on,
    document.comments_due_on,
    fact.is_late
from mart.fct_plan_comment as fact
left join mart.dim_document as document on fact.document_code = document.document_code
left join mart.dim_indicator as indicator on fact.target_code = indicator.indicator_code
left join mart.dim_department as department on fact.department_code = department.department_code;

comment on view mart.plan_comment is
'Mỗi dòng là một ý kiến góp ý dự thảo, kèm tên văn bản, mục tiêu, đơn vị. '
'/ One row per comment on a draft, with names of document, target and department.';
comment on column mart.plan_comment.document_title_vi is
'Tên văn bản; trống khi chưa khai báo. / Title in Vietnamese; null where the document is not declared.';
comment on column mart.plan_comment.document_title_en is
'Tên tiếng Anh; trống khi chưa khai báo. / Title in English; null where the document is not declared.';
comment on column mart.plan_comment.target_name_vi is
'Tên chỉ tiêu; trống khi chưa khai báo. / Indicator in Vietnamese; null where it is not declared yet.';
comment on column mart.plan_comment.target_name_en is
'Tên tiếng Anh; trống khi chưa khai báo. / Indicator in English; null where it is not declared yet.';
comment on column mart.plan_comment.department_name_vi is
'Tên đơn vị góp ý. / Department that commented, in Vietnamese.';
comment on column mart.plan_comment.department_name_en is
'Tên tiếng Anh của đơn vị. / Department that commented, in English.';
comment on column mart.plan_comment.proposed_unit_vi is
'Đơn vị tính của giá trị đề xuất. / Unit of the proposed value, in Vietnamese.';
