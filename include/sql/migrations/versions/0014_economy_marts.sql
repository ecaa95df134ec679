-- The economic accounts and the digital economy by year observed, digital government by agency and period.

create table mart.dim_vintage (
    vintage text primary key,
    name_vi text not null unique,
    preference integer not null unique
);

comment on table mart.dim_vintage is 'Mỗi dòng là một loại số liệu. / One row per vintage of a figure.';
comment on column mart.dim_vintage.vintage is
'Loại số liệu. / Vintage: final, preliminary, estimate, reported.';
comment on column mart.dim_vintage.name_vi is 'Tên như trong báo cáo. / Name as reports write it.';
comment on column mart.dim_vintage.preference is
'Thứ tự ưu tiên, 1 trước. / Order in which one is preferred, 1 first.';

insert into mart.dim_vintage (vintage, name_vi, preference) values
('final', 'chính thức', 1),
('preliminary', 'sơ bộ', 2),
('estimate', 'ước tính', 3),
('reported', 'báo cáo', 4);

create table mart.fct_economic_account (
    year integer not null,
    vintage text not null references mart.dim_vintage,
    reporting_period text not null,
    grdp_current_vnd_bn numeric not null,
    grdp_constant2010_vnd_bn numeric not null,
    capital_stock_constant2010_vnd_bn numeric not null,
    employed_average_thousand numeric not null,
    population_average_thousand numeric not null,
    capital_share numeric not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (year, vintage)
);
create index fct_economic_account_vintage_key on mart.fct_economic_account (vintage);

comment on table mart.fct_economic_account is
'Mỗi dòng là tài khoản kinh tế của một năm theo một loại số liệu. '
'/ One row per year and vintage: the economic accounts.';
comment on column mart.fct_economic_account.year is 'Năm quan sát. / Year observed.';
comment on column mart.fct_economic_account.vintage is
'Loại số liệu: ước tính, sơ bộ, chính thức. / Vintage: estimate, preliminary, final.';
comment on column mart.fct_economic_account.reporting_period is
'Kỳ báo cáo mới nhất có số liệu này. / Latest reporting period that brought the figures.';
comment on column mart.fct_economic_account.grdp_current_vnd_bn is
'GRDP giá hiện hành, tỷ đồng. / GRDP at current prices, billion VND.';
comment on column mart.fct_economic_account.grdp_constant2010_vnd_bn is
'GRDP giá so sánh 2010, tỷ đồng. / GRDP at constant 2010 prices, billion VND.';
comment on column mart.fct_economic_account.capital_stock_constant2010_vnd_bn is
'Giá trị vốn theo giá so sánh 2010, tỷ đồng. / Capital stock at constant 2010 prices, billion VND.';
comment on column mart.fct_economic_account.employed_average_thousand is
'Lao động bình quân, nghìn người. / Average employed persons, thousand.';
comment on column mart.fct_economic_account.population_average_thousand is
'Dân số trung bình, nghìn người. / Average population, thousand.';
comment on column mart.fct_economic_account.capital_share is
'Hệ số đóng góp của vốn bK, 0-1; của lao động là 1 - bK. '
'/ Capital''s share of income, 0-1; that of labour is the rest.';
comment on column mart.fct_economic_account.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_economic_account.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_economic_account.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_digital_economy (
    year integer not null,
    source text not null,
    vintage text not null references mart.dim_vintage,
    reporting_period text not null,
    ict_vnd_bn numeric not null,
    platform_vnd_bn numeric not null,
    sector_digitalisation_vnd_bn numeric not null,
    total_vnd_bn numeric not null,
    grdp_current_vnd_bn numeric not null,
    share_pct numeric,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (year, source, vintage)
);
create index fct_digital_economy_vintage_key on mart.fct_digital_economy (vintage);

comment on table mart.fct_digital_economy is
'Mỗi dòng là kinh tế số của một năm theo một nguồn và một loại số liệu. '
'/ One row per year, source and vintage: the digital economy.';
comment on column mart.fct_digital_economy.year is 'Năm quan sát. / Year observed.';
comment on column mart.fct_digital_economy.source is
'Nguồn số liệu: GSO, MIC hoặc Sở. / Who computed the figures: GSO, MIC or the department (Sở).';
comment on column mart.fct_digital_economy.vintage is
'Loại số liệu: ước tính, sơ bộ, chính thức. / Vintage: estimate, preliminary, final.';
comment on column mart.fct_digital_economy.reporting_period is
'Kỳ báo cáo mới nhất có số liệu này. / Latest reporting period that brought the figures.';
comment on column mart.fct_digital_economy.ict_vnd_bn is
'Kinh tế số ICT, tỷ đồng. / ICT digital economy, billion VND.';
comment on column mart.fct_digital_economy.platform_vnd_bn is
'Kinh tế số nền tảng, tỷ đồng. / Platform digital economy, billion VND.';
comment on column mart.fct_digital_economy.sector_digitalisation_vnd_bn is
'Số hóa ngành, lĩnh vực, tỷ đồng. / Digitalisation of the other sectors, billion VND.';
comment on column mart.fct_digital_economy.total_vnd_bn is
'Tổng giá trị kinh tế số, tỷ đồng. / Digital economy in all, billion VND.';
comment on column mart.fct_digital_economy.grdp_current_vnd_bn is
'GRDP giá hiện hành theo báo cáo này, tỷ đồng. / GRDP at current prices in this report, billion VND.';
comment on column mart.fct_digital_economy.share_pct is
'Tỷ trọng kinh tế số trong GRDP (%); trống khi GRDP bằng 0. '
'/ Digital economy for each hundred of GRDP (%); null where GRDP is 0.';
comment on column mart.fct_digital_economy.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_digital_economy.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_digital_economy.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.dim_agency (
    agency_code text primary key,
    agency_name text not null,
    agency_level text not null,
    first_period text not null,
    last_period text not null
);

comment on table mart.dim_agency is
'Mỗi dòng là một cơ quan nhà nước đã báo cáo. / One row per state agency that was ever reported.';
comment on column mart.dim_agency.agency_code is 'Mã định danh của cơ quan. / Identifier of the agency.';
comment on column mart.dim_agency.agency_name is 'Tên ở kỳ mới nhất. / Name in the latest period.';
comment on column mart.dim_agency.agency_level is
'Cấp ở kỳ mới nhất: tỉnh, huyện, xã. / Level in the latest period: province, district, commune.';
comment on column mart.dim_agency.first_period is 'Kỳ báo cáo đầu tiên. / First period reported.';
comment on column mart.dim_agency.last_period is 'Kỳ báo cáo mới nhất. / Latest period reported.';

create table mart.fct_digital_government (
    period text not null,
    agency_code text not null references mart.dim_agency deferrable initially deferred,
    period_end_on date not null,
    agency_level text not null,
    procedures_total bigint not null,
    procedures_full_online bigint not null,
    dossiers_received bigint not null,
    dossiers_online bigint not null,
    dossiers_on_time bigint not null,
    dossiers_late bigint not null,
    dossiers_pending bigint not null,
    documents_sent bigint not null,
    documents_sent_electronically_signed bigint not null,
    connected_to_lgsp boolean not null,
    security_level_approved boolean not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, agency_code)
);
create index fct_digital_government_agency_key on mart.fct_digital_government (agency_code);

comment on table mart.fct_digital_government is
'Mỗi dòng là một cơ quan trong một kỳ. / One row per agency and period.';
comment on column mart.fct_digital_government.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_digital_government.agency_code is
'Mã định danh của cơ quan. / Identifier of the agency.';
comment on column mart.fct_digital_government.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_digital_government.agency_level is
'Cấp như đã báo cáo: tỉnh, huyện, xã. / Level as reported then: province, district, commune.';
comment on column mart.fct_digital_government.procedures_total is
'Tổng số thủ tục hành chính. / Administrative procedures.';
comment on column mart.fct_digital_government.procedures_full_online is
'Số thủ tục toàn trình. / Procedures that run online from end to end.';
comment on column mart.fct_digital_government.dossiers_received is
'Hồ sơ tiếp nhận trong kỳ. / Dossiers received in the period.';
comment on column mart.fct_digital_government.dossiers_online is
'Hồ sơ tiếp nhận trực tuyến. / Dossiers received online.';
comment on column mart.fct_digital_government.dossiers_on_time is
'Hồ sơ giải quyết đúng hạn. / Dossiers settled on time.';
comment on column mart.fct_digital_government.dossiers_late is
'Hồ sơ giải quyết trễ hạn. / Dossiers settled late.';
comment on column mart.fct_digital_government.dossiers_pending is
'Hồ sơ đang giải quyết. / Dossiers pending.';
comment on column mart.fct_digital_government.documents_sent is 'Văn bản đi. / Documents sent.';
comment on column mart.fct_digital_government.documents_sent_electronically_signed is
'Văn bản đi có ký số. / Documents sent with an electronic signature.';
comment on column mart.fct_digital_government.connected_to_lgsp is
'Đã kết nối LGSP. / Connected to the province''s data exchange platform (LGSP).';
comment on column mart.fct_digital_government.security_level_approved is
'Đã phê duyệt cấp độ an toàn thông tin. / Security level of its information systems approved.';
comment on column mart.fct_digital_government.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_digital_government.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_digital_government.source_row is
'Dòng trong tệp, từ 1. / Row of the file, from 1.';
