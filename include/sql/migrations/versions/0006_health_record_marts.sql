-- What BI reads of the health records: aggregates only. Below the province each count is a multiple of five,
-- rounded down, of persons who are five or more at one station and of one commune.

create table mart.dim_population (
    year integer not null,
    province_code text not null,
    population bigint not null,
    vintage text not null,
    source text not null,
    sureness text not null,
    primary key (year, province_code)
);

comment on table mart.dim_population is
'Mỗi dòng là dân số của tỉnh trong một năm; năm chưa có số liệu thì không có dòng. '
'/ One row per year: the province''s population; no row for a year without a published figure.';
comment on column mart.dim_population.year is 'Năm. / Year.';
comment on column mart.dim_population.province_code is 'Mã tỉnh. / Province code.';
comment on column mart.dim_population.population is 'Dân số (người). / Persons.';
comment on column mart.dim_population.vintage is 'Loại số liệu. / Kind of figure: declared.';
comment on column mart.dim_population.source is 'Nguồn. / Source.';
comment on column mart.dim_population.sureness is
'Độ chắc chắn: đọc được, suy ra, phỏng đoán. / How it is known: read, derived, inferred.';

create table mart.fct_health_record_province (
    period text primary key,
    period_end_on date not null,
    person_count bigint,
    record_count bigint,
    duplicate_person_count bigint,
    hash_key_version_count bigint not null,
    check (person_count >= 5),
    check (record_count = person_count or record_count >= person_count + 5),
    check (duplicate_person_count % 5 = 0)
);

comment on table mart.fct_health_record_province is
'Mỗi dòng là hồ sơ sức khỏe của cả tỉnh đến hết một kỳ. '
'/ One row per period: the health records of the province as of its end.';
comment on column mart.fct_health_record_province.person_count is
'Số người khác nhau, không làm tròn; trống khi dưới 5 người. '
'/ Distinct persons, not rounded; null where fewer than five.';
comment on column mart.fct_health_record_province.record_count is
'Số hồ sơ, không làm tròn; trống khi dưới 5 người, hoặc khi số hồ sơ hơn số người từ 1 đến 4. '
'/ Health records, not rounded; null for fewer than five persons, or where 1 to 4 more than persons.';
comment on column mart.fct_health_record_province.duplicate_person_count is
'Số người có hồ sơ tại nhiều trạm, làm tròn xuống bội của 5; trống khi từ 1 đến 4. '
'/ Persons with records at several stations, rounded down to a multiple of 5; null from 1 to 4.';
comment on column mart.fct_health_record_province.hash_key_version_count is
'Số phiên bản khóa băm; từ 2 trở lên thì người có hồ sơ ở hai phiên bản được tính hai lần. '
'/ Versions of the hash key; from 2 on a person with records under two of them counts twice.';

create table mart.fct_health_record_commune (
    period text not null,
    commune_code text not null,
    period_end_on date not null,
    commune_key integer references mart.dim_commune on delete set null,
    person_count bigint not null,
    check (person_count >= 5 and person_count % 5 = 0)
);
create index fct_health_record_commune_period_key on mart.fct_health_record_commune (period);
create index fct_health_record_commune_commune_key on mart.fct_health_record_commune (commune_key);

comment on table mart.fct_health_record_commune is
'Mỗi dòng là hồ sơ sức khỏe đến hết một kỳ của người cư trú tại một xã như đã báo cáo, từ 5 người. '
'/ One row per commune as reported and period: health records as of its end; no row for fewer than five.';
comment on column mart.fct_health_record_commune.commune_code is
'Mã xã như đã báo cáo. / Commune code as reported.';
comment on column mart.fct_health_record_commune.commune_key is
'Xã mang mã đó vào ngày cập nhật hồ sơ; trống khi mã lạ. '
'/ Commune that bore the code when the records were updated; null for an unknown code.';

create table mart.fct_health_record_commune_today (
    period text not null,
    commune_key integer references mart.dim_commune on delete set null,
    period_end_on date not null,
    person_count bigint not null,
    check (person_count >= 5 and person_count % 5 = 0)
);
create index fct_health_record_commune_today_period_key on mart.fct_health_record_commune_today (period);
create index fct_health_record_commune_today_commune_key
on mart.fct_health_record_commune_today (commune_key);

comment on table mart.fct_health_record_commune_today is
'Mỗi dòng là hồ sơ sức khỏe đến hết một kỳ theo một xã hiện nay, từ 5 người. '
'/ One row per commune of today and period: health records as of its end; no row for fewer than five.';
comment on column mart.fct_health_record_commune_today.commune_key is
'Xã hiện nay; trống: hồ sơ của xã cũ đã bị chia, không rõ thuộc xã nào, hoặc mã lạ. '
'/ Commune of today; null: former communes that were split, whose parts nothing tells, and unknown codes.';

create table mart.fct_health_record_station (
    period text not null,
    station_code text not null,
    period_end_on date not null,
    person_count bigint not null,
    primary key (period, station_code),
    check (person_count >= 5 and person_count % 5 = 0)
);

comment on table mart.fct_health_record_station is
'Mỗi dòng là hồ sơ sức khỏe một trạm y tế quản lý đến hết một kỳ, từ 5 người. '
'/ One row per health station and period: the records it keeps at its end; no row for fewer than five.';
comment on column mart.fct_health_record_station.station_code is
'Mã trạm như đã báo cáo, có thể chưa có trong dim_station. '
'/ Station code as reported; dim_station may lack it.';

-- The columns that the facts share mean the same in each.
do $$
declare
    shared record;
begin
    for shared in
        select
            attribute.attrelid::regclass as fact,
            attribute.attname as name,
            meaning.description
        from pg_attribute as attribute
        inner join pg_class as class on attribute.attrelid = class.oid and class.relkind = 'r'
        inner join (
            values
            ('period', 'Kỳ báo cáo: mọi bản đến hết kỳ này. / Reporting period: every version up to it.'),
            ('period_end_on', 'Ngày cuối kỳ. / Last day of the period.'),
            (
                'person_count',
                'Số người khác nhau, làm tròn xuống bội của 5; không tính người của một trạm và một xã mà chỉ có 1 đến 4. '
                '/ Distinct persons, rounded down to a multiple of 5; without those of a station and a commune that are '
                'only 1 to 4.'
            )
        ) as meaning (name, description) on attribute.attname = meaning.name
        where
            attribute.attrelid::regclass::text like 'mart.fct\_health\_record\_%'
            and col_description(attribute.attrelid, attribute.attnum) is null
    loop
        execute format('comment on column %s.%I is %L', shared.fact, shared.name, shared.description);
    end loop;
end
$$;

-- A value of the health records rests on rows of persons: it leads to their files, and no further.
alter table mart.fct_indicator_source alter column rows_used drop not null;
comment on column mart.fct_indicator_source.rows_used is
'Số dòng được nhận đã tính; trống khi các dòng là của từng người. '
'/ Accepted rows that the value counts; null where each of them is a person''s.';
comment on table mart.fct_indicator_source is
'Mỗi dòng là một tệp mà một giá trị dựa vào; các dòng của tệp ở fct_indicator_row, trừ dữ liệu cá nhân. '
'/ One row per file that a value rests on; fct_indicator_row has its rows, except those of persons.';

comment on column plan.indicator.unit is
'Đơn vị tính (mã). / Unit: hospital, pct, record_per_person.';
comment on column plan.target.unit is 'Đơn vị tính (mã). / Unit: hospital, pct, record_per_person.';
comment on column mart.dim_indicator.unit is
'Đơn vị tính (mã). / Unit: hospital, pct, record_per_person.';
comment on column mart.dim_target.unit is 'Đơn vị tính (mã). / Unit: hospital, pct, record_per_person.';
comment on column mart.fct_indicator_value.unit is
'Đơn vị tính (mã). / Unit: hospital, pct, record_per_person.';
comment on column mart.indicator_status.unit is
'Đơn vị tính (mã). / Unit: hospital, pct, record_per_person.';
