-- The whole plan as data: what documents are, who answers for a target and what it rests on, what is
-- done for it and who pays. Seeding fills the new columns and tables before anything reads them.

alter table plan.document
add column kind text not null default 'plan' check (kind in ('plan', 'regulation')),
add column level text not null default 'provincial' check (level in ('provincial', 'national')),
add column replaced_on date,
add column replaced_by text,
add check (replaced_on > dated_on);

comment on table plan.document is
'Mỗi dòng là một văn bản đặt mục tiêu hoặc làm căn cứ. '
'/ One row per document that sets targets or that targets rest on.';

comment on column plan.document.kind is
'Đặt mục tiêu hay làm căn cứ. / plan (sets targets), regulation (what they rest on).';

comment on column plan.document.level is
'Cấp ban hành: tỉnh, trung ương. / provincial, national.';

comment on column plan.document.replaced_on is
'Ngày bị thay thế; trống khi còn hiệu lực. / Day of replacement; null while it stands.';

comment on column plan.document.replaced_by is
'Văn bản thay thế. / Document that stands in its place.';

alter table mart.dim_document
add column kind text not null default 'plan' check (kind in ('plan', 'regulation')),
add column level text not null default 'provincial' check (level in ('provincial', 'national')),
add column replaced_on date,
add column replaced_by text,
add check (replaced_on > dated_on);

comment on table mart.dim_document is
'Mỗi dòng là một văn bản đặt mục tiêu hoặc làm căn cứ. '
'/ One row per document that sets targets or that targets rest on.';

comment on column mart.dim_document.kind is
'Đặt mục tiêu hay làm căn cứ. / plan (sets targets), regulation (what they rest on).';

comment on column mart.dim_document.level is
'Cấp ban hành: tỉnh, trung ương. / provincial, national.';

comment on column mart.dim_document.replaced_on is
'Ngày bị thay thế; trống khi còn hiệu lực. / Day of replacement; null while it stands.';

comment on column mart.dim_document.replaced_by is
'Văn bản thay thế. / Document that stands in its place.';

alter table plan.indicator add column companion_of text;

comment on column plan.indicator.companion_of is
'Chỉ tiêu mà nó đo theo cách khác; trống khi không có. '
'/ Indicator that it measures otherwise; null for one that stands alone.';

alter table mart.dim_indicator add column companion_of text;

comment on column mart.dim_indicator.companion_of is
'Chỉ tiêu mà nó đo theo cách khác; trống khi không có. '
'/ Indicator that it measures otherwise; null for one that stands alone.';

alter table plan.target
alter column target_value drop not null,
alter column legal_basis drop not null,
add column statement_vi text,
add column statement_en text,
add column valid_from date,
add column valid_to date,
add check (target_value is not null or (statement_vi is not null and statement_en is not null));

comment on column plan.target.target_value is
'Mức phải đạt; trống khi văn bản không nêu con số. '
'/ Value to be reached; null where the document names none.';

comment on column plan.target.legal_basis is
'Căn cứ pháp lý; trống khi không có. / Legal basis; null where there is none.';

comment on column plan.target.owner_code is
'Đơn vị chịu trách nhiệm sau cùng. / Department that answers for it last.';

comment on column plan.target.statement_vi is
'Mục tiêu bằng lời. / The target in words, in Vietnamese.';

comment on column plan.target.statement_en is
'Mục tiêu bằng lời, tiếng Anh. / The target in words.';

comment on column plan.target.valid_from is
'Từ ngày của văn bản. / From the day of its document.';

comment on column plan.target.valid_to is
'Đến trước ngày văn bản bị thay thế; trống khi còn hiệu lực. '
'/ Before the day its document was replaced; null while it stands.';

alter table mart.dim_target
alter column target_value drop not null,
alter column legal_basis drop not null,
add column statement_vi text,
add column statement_en text,
add column valid_from date,
add column valid_to date,
add check (target_value is not null or (statement_vi is not null and statement_en is not null));

comment on column mart.dim_target.target_value is
'Mức phải đạt; trống khi văn bản không nêu con số. '
'/ Value to be reached; null where the document names none.';

comment on column mart.dim_target.legal_basis is
'Căn cứ pháp lý; trống khi không có. / Legal basis; null where there is none.';

comment on column mart.dim_target.owner_code is
'Đơn vị chịu trách nhiệm sau cùng. / Department that answers for it last.';

comment on column mart.dim_target.statement_vi is
'Mục tiêu bằng lời. / The target in words, in Vietnamese.';

comment on column mart.dim_target.statement_en is
'Mục tiêu bằng lời, tiếng Anh. / The target in words.';

comment on column mart.dim_target.valid_from is
'Từ ngày của văn bản. / From the day of its document.';

comment on column mart.dim_target.valid_to is
'Đến trước ngày văn bản bị thay thế; trống khi còn hiệu lực. '
'/ Before the day its document was replaced; null while it stands.';

create table plan.target_owner (
    document_code text not null,
    indicator_code text not null,
    geography_code text not null,
    target_year integer not null,
    department_code text not null,
    valid_from date not null,
    valid_to date,
    primary key (document_code, indicator_code, geography_code, target_year, valid_from),
    foreign key (document_code, indicator_code, geography_code, target_year)
    references plan.target on delete cascade deferrable initially deferred,
    check (valid_to > valid_from)
);

comment on table plan.target_owner is
'Mỗi dòng là một đơn vị chịu trách nhiệm về một mục tiêu trong một thời gian. '
'/ One row per department that answers for a target for a time.';
comment on column plan.target_owner.document_code is
'Văn bản. / Document.';
comment on column plan.target_owner.indicator_code is
'Chỉ tiêu. / Indicator.';
comment on column plan.target_owner.geography_code is
'Địa bàn: 38 là cả tỉnh. / Area: 38 is the whole province.';
comment on column plan.target_owner.target_year is
'Năm phải đạt. / Year by which it is to be reached.';
comment on column plan.target_owner.department_code is
'Đơn vị. / Department.';
comment on column plan.target_owner.valid_from is
'Từ ngày này. / From this day.';
comment on column plan.target_owner.valid_to is
'Đến trước ngày này; trống là đến nay. / Before this day; null until today.';

create table plan.target_legal_basis (
    document_code text not null,
    indicator_code text not null,
    geography_code text not null,
    target_year integer not null,
    position integer not null,
    basis_code text not null references plan.document deferrable initially deferred,
    primary key (document_code, indicator_code, geography_code, target_year, position),
    foreign key (document_code, indicator_code, geography_code, target_year)
    references plan.target on delete cascade deferrable initially deferred
);

comment on table plan.target_legal_basis is
'Mỗi dòng là một văn bản mà một mục tiêu căn cứ vào. / One row per document that a target rests on.';
comment on column plan.target_legal_basis.document_code is
'Văn bản. / Document.';
comment on column plan.target_legal_basis.indicator_code is
'Chỉ tiêu. / Indicator.';
comment on column plan.target_legal_basis.geography_code is
'Địa bàn: 38 là cả tỉnh. / Area: 38 is the whole province.';
comment on column plan.target_legal_basis.target_year is
'Năm phải đạt. / Year by which it is to be reached.';
comment on column plan.target_legal_basis.position is
'Thứ tự, từ 1. / Order, from 1.';
comment on column plan.target_legal_basis.basis_code is
'Văn bản làm căn cứ. / Document that it rests on.';

create table plan.solution (
    solution_code text primary key,
    document_code text not null references plan.document deferrable initially deferred,
    name_vi text not null,
    name_en text not null,
    led_by text not null check (led_by in ('department', 'enterprise')),
    owner_code text not null,
    source text not null,
    sureness text not null,
    valid_from date not null,
    valid_to date
);
create table plan.solution_target (
    solution_code text not null references plan.solution deferrable initially deferred,
    document_code text not null,
    indicator_code text not null,
    geography_code text not null,
    target_year integer not null,
    primary key (solution_code, document_code, indicator_code, geography_code, target_year),
    foreign key (document_code, indicator_code, geography_code, target_year)
    references plan.target deferrable initially deferred
);
create table plan.solution_cost (
    solution_code text not null references plan.solution deferrable initially deferred,
    year integer not null,
    needed_vnd_m numeric not null check (needed_vnd_m > 0),
    primary key (solution_code, year)
);
create table plan.budget_line (
    solution_code text not null references plan.solution deferrable initially deferred,
    year integer not null,
    fund text not null,
    amount_vnd_m numeric not null check (amount_vnd_m >= 0),
    source text not null,
    sureness text not null,
    primary key (solution_code, year, fund)
);

comment on table plan.solution is
'Mỗi dòng là một giải pháp thực hiện mục tiêu. / One row per solution for targets.';

comment on column plan.solution.solution_code is
'Mã giải pháp. / Code of the solution.';

comment on column plan.solution.document_code is
'Văn bản. / Document.';

comment on column plan.solution.name_vi is
'Tên giải pháp. / Name in Vietnamese.';

comment on column plan.solution.name_en is
'Tên tiếng Anh. / Name in English.';

comment on column plan.solution.led_by is
'Đơn vị nhà nước hay doanh nghiệp chủ trì. / Led by: department, enterprise.';

comment on column plan.solution.owner_code is
'Đơn vị chịu trách nhiệm. / Department that answers for it.';

comment on column plan.solution.source is
'Nguồn. / Source.';

comment on column plan.solution.sureness is
'Độ chắc chắn: đọc được, suy ra, hiểu biết chung, số liệu mẫu. '
'/ How it is known: read, derived, general_knowledge, synthetic.';

comment on column plan.solution.valid_from is
'Từ ngày của văn bản. / From the day of its document.';

comment on column plan.solution.valid_to is
'Đến trước ngày văn bản bị thay thế. / Before the day its document was replaced.';

comment on table plan.solution_target is
'Mỗi dòng là một mục tiêu mà một giải pháp phục vụ. / One row per solution and target it serves.';

comment on column plan.solution_target.solution_code is
'Mã giải pháp. / Code of the solution.';

comment on column plan.solution_target.document_code is
'Văn bản. / Document.';

comment on column plan.solution_target.indicator_code is
'Chỉ tiêu. / Indicator.';

comment on column plan.solution_target.geography_code is
'Địa bàn: 38 là cả tỉnh. / Area: 38 is the whole province.';

comment on column plan.solution_target.target_year is
'Năm phải đạt. / Year by which it is to be reached.';

comment on table plan.solution_cost is
'Mỗi dòng là nhu cầu kinh phí của một giải pháp trong một năm. '
'/ One row per solution and year: the money it needs.';

comment on column plan.solution_cost.solution_code is
'Mã giải pháp. / Code of the solution.';

comment on column plan.solution_cost.year is
'Năm. / Year.';

comment on column plan.solution_cost.needed_vnd_m is
'Nhu cầu (triệu đồng). / Needed (million VND).';

comment on table plan.budget_line is
'Mỗi dòng là tiền mà một nguồn vốn dành cho một giải pháp trong một năm. '
'/ One row per solution, year and fund: the money that a source is to give.';

comment on column plan.budget_line.solution_code is
'Mã giải pháp. / Code of the solution.';

comment on column plan.budget_line.year is
'Năm. / Year.';

comment on column plan.budget_line.fund is
'Nguồn vốn. / Who pays.';

comment on column plan.budget_line.amount_vnd_m is
'Số tiền (triệu đồng). / Amount (million VND).';

comment on column plan.budget_line.source is
'Nguồn thông tin. / Source of the figure.';

comment on column plan.budget_line.sureness is
'Độ chắc chắn: đọc được, suy ra, hiểu biết chung, số liệu mẫu. '
'/ How it is known: read, derived, general_knowledge, synthetic.';

-- BI may not read schema plan.

create table mart.dim_solution (like plan.solution including all);

comment on table mart.dim_solution is
'Mỗi dòng là một giải pháp thực hiện mục tiêu. / One row per solution for targets.';

create table mart.bridge_solution_target (like plan.solution_target including all);

comment on table mart.bridge_solution_target is
'Mỗi dòng là một mục tiêu mà một giải pháp phục vụ. / One row per solution and target it serves.';

create table mart.fct_budget_need (like plan.solution_cost including all);

comment on table mart.fct_budget_need is
'Mỗi dòng là nhu cầu kinh phí của một giải pháp trong một năm. '
'/ One row per solution and year: the money it needs.';

create table mart.fct_budget_line (like plan.budget_line including all);

comment on table mart.fct_budget_line is
'Mỗi dòng là tiền mà một nguồn vốn dành cho một giải pháp trong một năm. '
'/ One row per solution, year and fund: the money that a source is to give.';

-- Set by seeding for every row that was there.
alter table plan.document alter column kind drop default, alter column level drop default;
alter table mart.dim_document alter column kind drop default, alter column level drop default;
