-- What BI reads of the health records: aggregates only, from which no count of fewer than five persons can be
-- read.

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
    suppressed boolean not null,
    hash_key_version_count bigint not null,
    check (suppressed = (person_count is null) and suppressed = (record_count is null)),
    check (person_count >= 5 and record_count >= person_count)
);

comment on table mart.fct_health_record_province is
'Mỗi dòng là hồ sơ sức khỏe của cả tỉnh đến hết một kỳ. '
'/ One row per period: the health records of the province as of its end.';
comment on column mart.fct_health_record_province.hash_key_version_count is
'Số phiên bản khóa băm; từ 2 trở lên thì người có hồ sơ ở hai phiên bản được tính hai lần. '
'/ Versions of the hash key; from 2 on a person with records under two of them counts twice.';

create table mart.fct_health_record_commune (
    period text not null,
    commune_code text not null,
    period_end_on date not null,
    commune_key integer references mart.dim_commune on delete set null,
    person_count bigint,
    record_count bigint,
    suppressed boolean not null,
    check (suppressed = (person_count is null) and suppressed = (record_count is null)),
    check (person_count >= 5 and record_count >= person_count)
);
create index fct_health_record_commune_period_key on mart.fct_health_record_commune (period);
create index fct_health_record_commune_commune_key on mart.fct_health_record_commune (commune_key);

comment on table mart.fct_health_record_commune is
'Mỗi dòng là hồ sơ sức khỏe đến hết một kỳ của người cư trú tại một xã như đã báo cáo. '
'/ One row per commune as reported and period: its residents'' health records as of the period''s end.';
comment on column mart.fct_health_record_commune.commune_code is
'Mã xã như đã báo cáo. / Commune code as reported.';
comment on column mart.fct_health_record_commune.commune_key is
'Xã mang mã đó vào ngày cập nhật hồ sơ; trống khi mã lạ. '
'/ Commune that bore the code when the records were updated; null for an unknown code.';

create table mart.fct_health_record_commune_today (
    period text not null,
    commune_key integer references mart.dim_commune on delete set null,
    period_end_on date not null,
    person_count bigint,
    record_count bigint,
    suppressed boolean not null,
    check (suppressed = (person_count is null) and suppressed = (record_count is null)),
    check (person_count >= 5 and record_count >= person_count)
);
create index fct_health_record_commune_today_period_key on mart.fct_health_record_commune_today (period);
create index fct_health_record_commune_today_commune_key
on mart.fct_health_record_commune_today (commune_key);

comment on table mart.fct_health_record_commune_today is
'Mỗi dòng là hồ sơ sức khỏe đến hết một kỳ theo một xã hiện nay. '
'/ One row per commune of today and period: health records as of the period''s end.';
comment on column mart.fct_health_record_commune_today.commune_key is
'Xã hiện nay; trống: hồ sơ của xã cũ đã bị chia, không rõ thuộc xã nào, hoặc mã lạ. '
'/ Commune of today; null: former communes that were split, whose parts nothing tells, and unknown codes.';

create table mart.fct_health_record_station (
    period text not null,
    station_code text not null,
    period_end_on date not null,
    person_count bigint,
    record_count bigint,
    suppressed boolean not null,
    primary key (period, station_code),
    check (suppressed = (person_count is null) and suppressed = (record_count is null)),
    check (person_count >= 5 and record_count >= person_count)
);

comment on table mart.fct_health_record_station is
'Mỗi dòng là hồ sơ sức khỏe một trạm y tế quản lý đến hết một kỳ. '
'/ One row per health station and period: the records it keeps as of the period''s end.';
comment on column mart.fct_health_record_station.station_code is
'Mã trạm như đã báo cáo, có thể chưa có trong dim_station. '
'/ Station code as reported; dim_station may lack it.';

create table mart.fct_health_record_duplicate (
    period text not null,
    station_code text not null,
    period_end_on date not null,
    person_count bigint,
    suppressed boolean not null,
    primary key (period, station_code),
    check (suppressed = (person_count is null)),
    check (person_count >= 5)
);

comment on table mart.fct_health_record_duplicate is
'Mỗi dòng là số người của một trạm còn có hồ sơ tại trạm khác; không có ai thì không có dòng. '
'/ One row per station and period: its persons with a record at another station; no row where nobody has.';
comment on column mart.fct_health_record_duplicate.station_code is 'Mã trạm y tế. / Health station code.';
comment on column mart.fct_health_record_duplicate.person_count is
'Số người của trạm còn có hồ sơ tại trạm khác; trống khi bị ẩn. '
'/ Persons with a record elsewhere too; null where hidden.';

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
                'Số người khác nhau; trống khi bị ẩn. / Distinct persons; null where hidden.'
            ),
            ('record_count', 'Số hồ sơ; trống khi bị ẩn. / Health records; null where hidden.'),
            (
                'suppressed',
                'Bị ẩn: dưới 5 người, hoặc nếu hiện thì suy ra được số dưới 5. '
                '/ Hidden: fewer than five persons, or it would give such a number away.'
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
