-- Dimensions and facts that BI reads.
--
-- Every row of a fact can be computed again from core, so that facts hang on the dimensions by foreign keys
-- that are checked at commit: a dimension may be replaced before the facts that follow it.

create table mart.dim_commune (
    commune_key integer generated always as identity primary key,
    commune_code text not null,
    valid_from date not null,
    valid_to date,
    commune_name text not null,
    commune_type text not null,
    district_code text,
    district_name text,
    province_code text not null,
    source text not null,
    sureness text not null,
    unique (commune_code, valid_from),
    check (valid_from < valid_to)
);

comment on table mart.dim_commune is
'Mỗi dòng là một xã, phường, thị trấn giữa hai lần thay đổi; mã chỉ có nghĩa khi kèm ngày. '
'/ One row per commune between two changes; a code means nothing without its date.';
comment on column mart.dim_commune.commune_key is 'Khóa thay thế, không đổi. / Surrogate key, stable.';
comment on column mart.dim_commune.commune_code is 'Mã xã, 5 ký tự. / Commune code, five characters.';
comment on column mart.dim_commune.valid_from is 'Ngày đầu có hiệu lực. / First day in force.';
comment on column mart.dim_commune.valid_to is
'Ngày đầu hết hiệu lực; trống khi còn hiệu lực. / First day no longer in force; null while in force.';
comment on column mart.dim_commune.commune_name is 'Tên đầy đủ. / Full name with its type.';
comment on column mart.dim_commune.commune_type is 'Loại: phường, xã, thị trấn. / Type.';
comment on column mart.dim_commune.district_code is
'Mã huyện; trống từ 2025-07. / District code; null from 2025-07.';
comment on column mart.dim_commune.district_name is
'Tên huyện; trống từ 2025-07. / District; null from 2025-07.';
comment on column mart.dim_commune.province_code is 'Mã tỉnh. / Province code.';
comment on column mart.dim_commune.source is 'Danh mục nêu tên xã. / List that names the unit.';
comment on column mart.dim_commune.sureness is
'Độ chắc chắn: đọc được, suy ra, phỏng đoán. / How it is known: read, derived, inferred.';

create table mart.bridge_commune_succession (
    former_commune_key integer not null references mart.dim_commune on delete cascade,
    successor_commune_key integer not null references mart.dim_commune on delete cascade,
    effective_on date not null,
    relation text not null,
    source text not null,
    sureness text not null,
    primary key (former_commune_key, successor_commune_key)
);
create index bridge_commune_succession_successor_key
on mart.bridge_commune_succession (successor_commune_key);

comment on table mart.bridge_commune_succession is
'Mỗi dòng nối một xã đã kết thúc với một xã kế tiếp. / One row per unit that ended and its successor.';
comment on column mart.bridge_commune_succession.former_commune_key is 'Xã đã kết thúc. / Unit that ended.';
comment on column mart.bridge_commune_succession.successor_commune_key is
'Xã kế tiếp. / Unit that took it over.';
comment on column mart.bridge_commune_succession.effective_on is
'Ngày có hiệu lực. / First day of the successor.';
comment on column mart.bridge_commune_succession.relation is
'Quan hệ: giữ nguyên, đổi huyện, đổi loại, toàn bộ, một phần. '
'/ unchanged, district_changed, retyped, whole, partial.';
comment on column mart.bridge_commune_succession.source is 'Nguồn. / Source.';
comment on column mart.bridge_commune_succession.sureness is
'Độ chắc chắn: đọc được, suy ra, phỏng đoán. / How it is known: read, derived, inferred.';

create table mart.dim_department (
    department_code text primary key,
    name_vi text not null,
    name_en text not null,
    valid_from date,
    valid_to date,
    successor_code text references mart.dim_department deferrable initially deferred,
    source text not null
);

comment on table mart.dim_department is 'Mỗi dòng là một sở, ngành. / One row per department.';
comment on column mart.dim_department.department_code is 'Mã đơn vị. / Department code.';
comment on column mart.dim_department.name_vi is 'Tên tiếng Việt. / Vietnamese name.';
comment on column mart.dim_department.name_en is 'Tên tiếng Anh. / English name.';
comment on column mart.dim_department.valid_from is
'Ngày thành lập; trống khi có trước kế hoạch. / First day; null when it existed before the plan.';
comment on column mart.dim_department.valid_to is
'Ngày đầu không còn; trống khi còn. / First day on which it no longer existed; null while it exists.';
comment on column mart.dim_department.successor_code is 'Đơn vị kế tiếp. / Department it was merged into.';
comment on column mart.dim_department.source is 'Nguồn. / Source.';

create table mart.dim_date (
    date_on date primary key,
    year integer not null,
    quarter integer not null,
    month integer not null,
    calendar_month text not null,
    calendar_quarter text not null,
    calendar_half_year text not null,
    calendar_year text not null,
    administrative_month text not null,
    administrative_quarter text not null,
    administrative_half_year text not null,
    administrative_year text not null
);

comment on table mart.dim_date is
'Mỗi dòng là một ngày, với các kỳ báo cáo chứa nó. / One row per day, with its periods.';
comment on column mart.dim_date.date_on is 'Ngày. / Day.';
comment on column mart.dim_date.year is 'Năm dương lịch. / Calendar year.';
comment on column mart.dim_date.quarter is 'Quý dương lịch, 1-4. / Calendar quarter, 1-4.';
comment on column mart.dim_date.month is 'Tháng dương lịch, 1-12. / Calendar month, 1-12.';
comment on column mart.dim_date.calendar_month is 'Tháng, ví dụ 2021-03. / Month.';
comment on column mart.dim_date.calendar_quarter is 'Quý, ví dụ 2021-Q1. / Quarter.';
comment on column mart.dim_date.calendar_half_year is 'Nửa năm, ví dụ 2021-H1. / Half-year.';
comment on column mart.dim_date.calendar_year is 'Năm, ví dụ 2021. / Year.';
comment on column mart.dim_date.administrative_month is
'Tháng báo cáo hành chính, từ ngày 15. / Administrative month, from the 15th of the month before.';
comment on column mart.dim_date.administrative_quarter is
'Quý báo cáo hành chính, từ ngày 15. / Administrative quarter, from the 15th of the month before.';
comment on column mart.dim_date.administrative_half_year is
'Nửa năm báo cáo hành chính, từ ngày 15. / Administrative half-year, from the 15th of the month before.';
comment on column mart.dim_date.administrative_year is
'Năm báo cáo hành chính, từ 15/12 năm trước. / Administrative year, from 15 December of the year before.';

create table mart.dim_hospital (
    hospital_code text primary key,
    hospital_name text not null,
    hospital_tier text not null,
    first_period text not null,
    last_period text not null
);

comment on table mart.dim_hospital is
'Mỗi dòng là một bệnh viện đã báo cáo. / One row per hospital that was ever reported.';
comment on column mart.dim_hospital.hospital_code is 'Mã cơ sở khám chữa bệnh. / Health facility code.';
comment on column mart.dim_hospital.hospital_name is 'Tên ở kỳ mới nhất. / Name in the latest period.';
comment on column mart.dim_hospital.hospital_tier is
'Tuyến ở kỳ mới nhất: tỉnh, huyện. / Tier in the latest period: provincial, district.';
comment on column mart.dim_hospital.first_period is 'Kỳ báo cáo đầu tiên. / First period reported.';
comment on column mart.dim_hospital.last_period is 'Kỳ báo cáo mới nhất. / Latest period reported.';

create table mart.dim_station (
    station_code text primary key,
    station_name text not null,
    commune_code text not null,
    first_period text not null,
    last_period text not null
);

comment on table mart.dim_station is
'Mỗi dòng là một trạm y tế đã báo cáo. / One row per health station that was ever reported.';
comment on column mart.dim_station.station_code is 'Mã trạm y tế. / Health station code.';
comment on column mart.dim_station.station_name is 'Tên ở kỳ mới nhất. / Name in the latest period.';
comment on column mart.dim_station.commune_code is
'Mã xã ở kỳ mới nhất. / Commune code in the latest period.';
comment on column mart.dim_station.first_period is 'Kỳ báo cáo đầu tiên. / First period reported.';
comment on column mart.dim_station.last_period is 'Kỳ báo cáo mới nhất. / Latest period reported.';

create table mart.fct_smart_hospital (
    period text not null,
    hospital_code text not null references mart.dim_hospital deferrable initially deferred,
    period_end_on date not null,
    hospital_tier text not null,
    infrastructure_level integer not null,
    his_level integer not null,
    lis_level text not null,
    ris_pacs_level text not null,
    emr_level text not null,
    security_met boolean not null,
    it_level integer not null,
    is_smart boolean not null,
    paperless_on date,
    assessed_on date not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, hospital_code)
);
create index fct_smart_hospital_hospital_key on mart.fct_smart_hospital (hospital_code);

comment on table mart.fct_smart_hospital is
'Mỗi dòng là một bệnh viện trong một kỳ. / One row per hospital and period.';
comment on column mart.fct_smart_hospital.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_smart_hospital.hospital_code is 'Mã cơ sở khám chữa bệnh. / Health facility code.';
comment on column mart.fct_smart_hospital.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_smart_hospital.hospital_tier is
'Tuyến như đã báo cáo: tỉnh, huyện. / Tier as reported then: provincial, district.';
comment on column mart.fct_smart_hospital.infrastructure_level is
'Mức hạ tầng CNTT, 1-7. / IT infrastructure, 1-7.';
comment on column mart.fct_smart_hospital.his_level is 'Mức HIS, 1-7. / Hospital information system, 1-7.';
comment on column mart.fct_smart_hospital.lis_level is
'LIS: chưa, cơ bản, nâng cao. / Laboratory information system: none, basic, advanced.';
comment on column mart.fct_smart_hospital.ris_pacs_level is
'RIS-PACS: chưa, cơ bản, nâng cao. / Imaging and archiving: none, basic, advanced.';
comment on column mart.fct_smart_hospital.emr_level is
'Bệnh án điện tử: chưa, cơ bản, nâng cao. / Electronic medical record: none, basic, advanced.';
comment on column mart.fct_smart_hospital.security_met is
'Đạt an toàn, bảo mật thông tin. / Meets the information security requirements.';
comment on column mart.fct_smart_hospital.it_level is
'Mức ứng dụng CNTT chung, 1-7. / Overall IT level, 1-7.';
comment on column mart.fct_smart_hospital.is_smart is
'Là bệnh viện thông minh: mức chung từ 6; bệnh án điện tử thôi chưa đủ. '
'/ Smart hospital: overall level 6 or more; an electronic medical record alone is not enough.';
comment on column mart.fct_smart_hospital.paperless_on is
'Ngày bỏ bệnh án giấy; trống khi chưa. / Day paper records ended; null when not yet.';
comment on column mart.fct_smart_hospital.assessed_on is 'Ngày đánh giá. / Day of assessment.';
comment on column mart.fct_smart_hospital.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_smart_hospital.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_smart_hospital.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_health_station (
    period text not null,
    station_code text not null references mart.dim_station deferrable initially deferred,
    period_end_on date not null,
    commune_code text not null,
    commune_key integer references mart.dim_commune on delete set null,
    has_ehr_system boolean not null,
    software_name text,
    population_managed bigint not null,
    records_created bigint,
    records_updated bigint,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, station_code)
);
create index fct_health_station_station_key on mart.fct_health_station (station_code);
create index fct_health_station_commune_key on mart.fct_health_station (commune_key);

comment on table mart.fct_health_station is
'Mỗi dòng là một trạm y tế trong một kỳ. / One row per health station and period.';
comment on column mart.fct_health_station.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_health_station.station_code is 'Mã trạm y tế. / Health station code.';
comment on column mart.fct_health_station.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_health_station.commune_code is 'Mã xã như đã báo cáo. / Commune code as reported.';
comment on column mart.fct_health_station.commune_key is
'Xã có hiệu lực cuối kỳ; trống khi mã lạ. / Commune in force at the period''s end; null for an unknown code.';
comment on column mart.fct_health_station.has_ehr_system is
'Có hệ thống hồ sơ sức khỏe điện tử. / Has an electronic health record system.';
comment on column mart.fct_health_station.software_name is
'Phần mềm; trống khi chưa có hệ thống. / Software; null without a system.';
comment on column mart.fct_health_station.population_managed is 'Số dân quản lý (người). / Persons managed.';
comment on column mart.fct_health_station.records_created is
'Số hồ sơ đã lập đến cuối kỳ, làm tròn xuống bội của 5; trống khi từ 1 đến 4. '
'/ Records created up to the period''s end, rounded down to a multiple of 5; null from 1 to 4.';
comment on column mart.fct_health_station.records_updated is
'Số hồ sơ cập nhật trong kỳ, làm tròn xuống bội của 5; trống khi từ 1 đến 4. '
'/ Records updated in the period, rounded down to a multiple of 5; null from 1 to 4.';
comment on column mart.fct_health_station.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_health_station.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_health_station.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';

create table mart.fct_broadband_commune (
    period text not null,
    commune_code text not null,
    period_end_on date not null,
    commune_key integer references mart.dim_commune on delete set null,
    villages_total bigint not null,
    villages_fixed_broadband bigint not null,
    villages_4g bigint not null,
    villages_5g bigint,
    households_total bigint not null,
    households_fixed_broadband bigint not null,
    carriers text not null,
    carrier_count integer not null,
    covered boolean not null,
    covered_strict boolean not null,
    covered_loose boolean not null,
    submission_id bigint not null,
    source_sheet text not null,
    source_row integer not null,
    primary key (period, commune_code)
);
create index fct_broadband_commune_commune_key on mart.fct_broadband_commune (commune_key);

comment on table mart.fct_broadband_commune is
'Mỗi dòng là hạ tầng băng rộng của một xã trong một kỳ. / One row per commune and period: broadband.';
comment on column mart.fct_broadband_commune.period is 'Kỳ báo cáo. / Reporting period.';
comment on column mart.fct_broadband_commune.commune_code is
'Mã xã như đã báo cáo. / Commune code as reported.';
comment on column mart.fct_broadband_commune.period_end_on is 'Ngày cuối kỳ. / Last day of the period.';
comment on column mart.fct_broadband_commune.commune_key is
'Xã có hiệu lực cuối kỳ; trống khi mã lạ. / Commune in force at the period''s end; null for an unknown code.';
comment on column mart.fct_broadband_commune.villages_total is 'Số thôn, bản, tổ dân phố. / Villages.';
comment on column mart.fct_broadband_commune.villages_fixed_broadband is
'Số thôn có cáp quang. / Villages with fixed broadband.';
comment on column mart.fct_broadband_commune.villages_4g is 'Số thôn phủ sóng 4G. / Villages covered by 4G.';
comment on column mart.fct_broadband_commune.villages_5g is
'Số thôn phủ sóng 5G; trống khi chưa báo cáo. / Villages covered by 5G; null where not reported.';
comment on column mart.fct_broadband_commune.households_total is 'Số hộ. / Households.';
comment on column mart.fct_broadband_commune.households_fixed_broadband is
'Số hộ dùng Internet cáp quang. / Households using fixed broadband.';
comment on column mart.fct_broadband_commune.carriers is
'Doanh nghiệp cung cấp, cách nhau bằng dấu phẩy. / Carriers, separated by commas.';
comment on column mart.fct_broadband_commune.carrier_count is
'Số doanh nghiệp cung cấp. / Number of carriers.';
comment on column mart.fct_broadband_commune.covered is
'Được phủ: cáp quang đến ít nhất một thôn và 4G đến mọi thôn. '
'/ Covered: fixed broadband in at least one village and 4G in every village.';
comment on column mart.fct_broadband_commune.covered_strict is
'Định nghĩa chặt: cáp quang và 4G đến mọi thôn. / Stricter: fixed broadband and 4G in every village.';
comment on column mart.fct_broadband_commune.covered_loose is
'Định nghĩa rộng: cáp quang đến ít nhất một thôn. / Looser: fixed broadband in at least one village.';
comment on column mart.fct_broadband_commune.submission_id is 'Lần nộp. / Submission the row came from.';
comment on column mart.fct_broadband_commune.source_sheet is
'Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.';
comment on column mart.fct_broadband_commune.source_row is 'Dòng trong tệp, từ 1. / Row of the file, from 1.';
