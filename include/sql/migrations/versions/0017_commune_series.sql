-- Series in the units of today and of then: communes across their rearrangements, districts while there were
-- any, departments across their mergers. Each view reads with the rights of who asks.

create table mart.bridge_commune_today (
    commune_key integer not null references mart.dim_commune on delete cascade,
    today_commune_key integer not null references mart.dim_commune on delete cascade,
    weight numeric,
    weight_basis text not null,
    weight_source text,
    sureness text not null,
    primary key (commune_key, today_commune_key),
    check (weight > 0 and weight <= 1),
    check (weight_basis in ('whole', 'population', 'area', 'unknown')),
    check ((weight is null) = (weight_basis = 'unknown')),
    check ((weight_source is null) = (weight_basis in ('whole', 'unknown')))
);
create index bridge_commune_today_today_key on mart.bridge_commune_today (today_commune_key);

comment on table mart.bridge_commune_today is
'Mỗi dòng nối một xã của bất kỳ thời điểm nào với một xã hiện nay chứa nó hoặc một phần của nó, kèm tỷ lệ. '
'/ One row per commune of any time and commune of today that holds it or a part of it, with its weight.';
comment on column mart.bridge_commune_today.commune_key is
'Xã của bất kỳ thời điểm nào. / Commune of any time.';
comment on column mart.bridge_commune_today.today_commune_key is 'Xã hiện nay. / Commune of today.';
comment on column mart.bridge_commune_today.weight is
'Phần số liệu của xã thuộc về xã hiện nay; với mỗi xã cộng lại đúng bằng 1; trống khi không rõ. '
'/ Share of its figures that belongs to the one of today; of sum 1; null where no source tells.';
comment on column mart.bridge_commune_today.weight_basis is
'Căn cứ của tỷ lệ: toàn bộ, dân số các phần, diện tích các phần, không rõ. '
'/ Basis of the weight: whole, population or area of the parts, unknown.';
comment on column mart.bridge_commune_today.weight_source is
'Nguồn của dân số hoặc diện tích; trống với toàn bộ và không rõ. '
'/ Source of the population or area; null for whole and unknown.';
comment on column mart.bridge_commune_today.sureness is
'Độ chắc chắn: đọc được, suy ra, phỏng đoán. / How it is known: read, derived, inferred.';

create or replace view mart.commune_today with (security_invoker = true) as
select
    commune_key,
    today_commune_key,
    weight_basis <> 'whole' as is_split,
    sureness
from mart.bridge_commune_today;

comment on column mart.commune_today.is_split is
'Xã cũ bị chia cho nhiều xã; tỷ lệ từng phần ở bridge_commune_today. '
'/ It was split among several communes; the weights of its parts are in bridge_commune_today.';

create view mart.commune_placement with (security_invoker = true) as
select
    commune_key,
    today_commune_key,
    weight,
    weight_basis
from mart.bridge_commune_today
union all
-- What belongs to a commune whose parts are unknown stays together, so that totals are kept.
select
    commune_key,
    null as today_commune_key,
    1 as weight,
    'unknown' as weight_basis
from mart.bridge_commune_today
where weight is null
group by commune_key
union all
select
    0 as commune_key,
    null as today_commune_key,
    1 as weight,
    'unknown' as weight_basis;

comment on view mart.commune_placement is
'Mỗi dòng nói một phần số liệu của một xã nằm ở đâu: nhân số cộng được với weight rồi cộng theo xã hiện nay. '
'/ One row per commune and place of a part of its figures: an additive figure times weight goes there.';
comment on column mart.commune_placement.commune_key is
'Xã của bất kỳ thời điểm nào; 0: mã lạ. Nối bằng coalesce(commune_key, 0). '
'/ Commune of any time; 0: an unknown code. Join on coalesce(commune_key, 0).';
comment on column mart.commune_placement.today_commune_key is
'Xã hiện nay; trống: không biết xếp vào xã nào. / Commune of today; null: nothing tells which.';
comment on column mart.commune_placement.weight is
'Phần được tính vào đó; trống: một phần không rõ bao nhiêu, số liệu nằm ở dòng không có xã. '
'/ Share that counts there; null: a part of unknown size, whose figures are in the row without commune.';

create view mart.broadband_commune_today with (security_invoker = true) as
with placed as (
    select
        fact.period,
        fact.period_end_on,
        placement.today_commune_key,
        sum(fact.villages_total * placement.weight) as villages_total,
        sum(fact.villages_fixed_broadband * placement.weight) as villages_fixed_broadband,
        sum(fact.villages_4g * placement.weight) as villages_4g,
        sum(fact.villages_5g * placement.weight) as villages_5g,
        sum((fact.villages_5g is not null)::integer * placement.weight) as villages_5g_communes_count,
        sum(fact.households_total * placement.weight) as households_total,
        sum(fact.households_fixed_broadband * placement.weight) as households_fixed_broadband,
        sum(placement.weight) as communes_count,
        sum(fact.covered::integer * placement.weight) as communes_covered_count,
        bool_or(placement.weight_basis in ('population', 'area')) as is_estimated,
        count(*) filter (where placement.weight is null) as missing_part_count
    from mart.fct_broadband_commune as fact
    inner join mart.commune_placement as placement on coalesce(fact.commune_key, 0) = placement.commune_key
    group by fact.period, fact.period_end_on, placement.today_commune_key
)

select
    placed.period,
    placed.period_end_on,
    placed.today_commune_key as commune_key,
    commune.commune_code,
    commune.commune_name,
    commune.commune_type,
    placed.today_commune_key is null as unallocated,
    placed.villages_total,
    placed.villages_fixed_broadband,
    placed.villages_4g,
    placed.villages_5g,
    placed.villages_5g_communes_count,
    placed.households_total,
    placed.households_fixed_broadband,
    100.0 * placed.households_fixed_broadband / nullif(placed.households_total, 0)
        as households_fixed_broadband_pct,
    placed.communes_count,
    placed.communes_covered_count,
    placed.is_estimated,
    placed.missing_part_count
from placed
left join mart.dim_commune as commune on placed.today_commune_key = commune.commune_key;

comment on view mart.broadband_commune_today is
'Mỗi dòng là băng rộng một kỳ của một xã hiện nay; một dòng không có xã giữ số liệu không xếp được. '
'/ One row per period and commune of today: broadband; one without commune keeps what cannot be placed.';

create view mart.health_station_commune_today with (security_invoker = true) as
with placed as (
    select
        fact.period,
        fact.period_end_on,
        placement.today_commune_key,
        sum(placement.weight) as stations_count,
        sum(fact.has_ehr_system::integer * placement.weight) as stations_with_ehr_count,
        sum(fact.population_managed * placement.weight) as population_managed,
        sum(fact.records_created * placement.weight) as records_created,
        sum(fact.records_updated * placement.weight) as records_updated,
        sum(fact.population_managed * placement.weight) filter (where fact.records_created is not null)
            as records_created_population,
        bool_or(placement.weight_basis in ('population', 'area')) as is_estimated,
        count(*) filter (where placement.weight is null) as missing_part_count
    from mart.fct_health_station as fact
    inner join mart.commune_placement as placement on coalesce(fact.commune_key, 0) = placement.commune_key
    group by fact.period, fact.period_end_on, placement.today_commune_key
)

select
    placed.period,
    placed.period_end_on,
    placed.today_commune_key as commune_key,
    commune.commune_code,
    commune.commune_name,
    commune.commune_type,
    placed.today_commune_key is null as unallocated,
    placed.stations_count,
    placed.stations_with_ehr_count,
    placed.population_managed,
    placed.records_created,
    placed.records_updated,
    placed.records_created_population,
    100.0 * placed.records_created / nullif(placed.records_created_population, 0) as records_created_pct,
    placed.is_estimated,
    placed.missing_part_count
from placed
left join mart.dim_commune as commune on placed.today_commune_key = commune.commune_key;

comment on view mart.health_station_commune_today is
'Mỗi dòng là các trạm y tế một kỳ của một xã hiện nay; một dòng không có xã giữ số liệu không xếp được. '
'/ One row per period and commune of today: stations; one without commune keeps what cannot be placed.';

-- Districts are those of the period's last day; the condition leaves out the days without any.
create view mart.broadband_district with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    commune.district_code,
    commune.district_name,
    commune.district_code is null as unallocated,
    sum(fact.villages_total) as villages_total,
    sum(fact.villages_fixed_broadband) as villages_fixed_broadband,
    sum(fact.villages_4g) as villages_4g,
    sum(fact.villages_5g) as villages_5g,
    count(fact.villages_5g) as villages_5g_communes_count,
    sum(fact.households_total) as households_total,
    sum(fact.households_fixed_broadband) as households_fixed_broadband,
    100.0 * sum(fact.households_fixed_broadband) / nullif(sum(fact.households_total), 0)
        as households_fixed_broadband_pct,
    count(*) as communes_count,
    count(*) filter (where fact.covered) as communes_covered_count
from mart.fct_broadband_commune as fact
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key
where
    exists (
        select
        from mart.dim_commune as unit
        where
            unit.district_code is not null
            and unit.valid_from <= fact.period_end_on
            and coalesce(fact.period_end_on < unit.valid_to, true)
    )
group by fact.period, fact.period_end_on, commune.district_code, commune.district_name;

comment on view mart.broadband_district is
'Mỗi dòng là băng rộng một kỳ của một huyện lúc báo cáo; không có từ khi bỏ cấp huyện (2025-07). '
'/ One row per period and district as it was then: broadband; none since districts ended (2025-07).';

create view mart.health_station_district with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    commune.district_code,
    commune.district_name,
    commune.district_code is null as unallocated,
    count(*) as stations_count,
    count(*) filter (where fact.has_ehr_system) as stations_with_ehr_count,
    sum(fact.population_managed) as population_managed,
    sum(fact.records_created) as records_created,
    sum(fact.records_updated) as records_updated,
    sum(fact.population_managed) filter (where fact.records_created is not null)
        as records_created_population,
    100.0 * sum(fact.records_created)
    / nullif(sum(fact.population_managed) filter (where fact.records_created is not null), 0)
        as records_created_pct
from mart.fct_health_station as fact
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key
where
    exists (
        select
        from mart.dim_commune as unit
        where
            unit.district_code is not null
            and unit.valid_from <= fact.period_end_on
            and coalesce(fact.period_end_on < unit.valid_to, true)
    )
group by fact.period, fact.period_end_on, commune.district_code, commune.district_name;

comment on view mart.health_station_district is
'Mỗi dòng là các trạm y tế một kỳ của một huyện lúc báo cáo; không có từ khi bỏ cấp huyện (2025-07). '
'/ One row per period and district as it was then: stations; none since districts ended (2025-07).';

create view mart.department_today with (security_invoker = true) as
with recursive path as (
    select
        department_code,
        department_code as today_department_code
    from mart.dim_department
    union
    select
        path.department_code,
        merged.successor_code
    from path
    inner join mart.dim_department as merged on path.today_department_code = merged.department_code
    where merged.successor_code is not null
)

select
    path.department_code,
    path.today_department_code,
    today.name_vi as today_name_vi,
    today.name_en as today_name_en
from path
inner join mart.dim_department as today on path.today_department_code = today.department_code
where today.valid_to is null;

comment on view mart.department_today is
'Mỗi dòng là một sở, ngành của bất kỳ thời điểm nào và đơn vị hiện nay trả lời thay nó. '
'/ One row per department of any time, with the department that answers for it today.';
comment on column mart.department_today.department_code is
'Mã đơn vị lúc báo cáo. / Code of the department at its time.';
comment on column mart.department_today.today_department_code is
'Mã đơn vị hiện nay. / Code of the department today.';
comment on column mart.department_today.today_name_vi is
'Tên tiếng Việt của đơn vị hiện nay. / Vietnamese name of the department today.';
comment on column mart.department_today.today_name_en is
'Tên tiếng Anh của đơn vị hiện nay. / English name of the department today.';

-- What the series have in common is said once.
do $$
declare
    described record;
begin
    for described in
        select
            attribute.attrelid::regclass as view_name,
            said.name,
            said.description
        from (
            values
            (
                'commune_key',
                'Xã hiện nay; trống ở dòng không xếp được. '
                '/ Commune of today; null in the row that cannot be placed.'
            ),
            ('commune_code', 'Mã xã hiện nay. / Code of the commune of today.'),
            (
                'unallocated',
                'Dòng giữ số liệu không xếp được vào đơn vị nào: xã bị chia không rõ tỷ lệ, mã lạ. '
                '/ Keeps what cannot be placed: communes split in unknown parts, unknown codes.'
            ),
            (
                'is_estimated',
                'Có số liệu của xã bị chia, tính theo dân số hoặc diện tích các phần. '
                '/ Has figures of a commune that was split, by population or area of its parts.'
            ),
            (
                'missing_part_count',
                'Số dòng báo cáo của xã bị chia có một phần ở đây, không rõ tỷ lệ nên không tính. '
                '/ Rows reported for communes that were split, with a part of unknown size here: not counted.'
            ),
            (
                'villages_5g',
                'Số thôn phủ sóng 5G của những xã có báo cáo; trống khi không xã nào. '
                '/ Villages covered by 5G in the communes that reported them; null where none did.'
            ),
            (
                'villages_5g_communes_count',
                'Số xã lúc báo cáo có số thôn phủ sóng 5G. '
                '/ Communes as they were then that gave their villages with 5G.'
            ),
            (
                'households_fixed_broadband_pct',
                'Hộ dùng Internet cáp quang trên tổng số hộ (%), tính từ các tổng. '
                '/ Households using fixed broadband (%), from the sums.'
            ),
            (
                'communes_count',
                'Số xã lúc báo cáo; xã bị chia tính theo tỷ lệ. '
                '/ Communes as they were then; one that was split counts by its weights.'
            ),
            (
                'communes_covered_count',
                'Trong đó số xã được phủ: từng xã lúc ấy, không suy ra cho đơn vị lớn hơn. '
                '/ Those covered, each as it was then: it says nothing of the larger unit.'
            ),
            (
                'stations_count',
                'Số trạm; trạm ở xã bị chia tính theo tỷ lệ. '
                '/ Stations; one in a commune that was split counts by its weights.'
            ),
            (
                'stations_with_ehr_count',
                'Trong đó có hệ thống hồ sơ điện tử. '
                '/ Those with an electronic health record system.'
            ),
            (
                'records_created',
                'Tổng số hồ sơ đã lập, làm tròn từng trạm; trạm có 1 đến 4 không tính. '
                '/ Records created, rounded by station; stations with 1 to 4 are left out.'
            ),
            (
                'records_updated',
                'Tổng số hồ sơ cập nhật trong kỳ, làm tròn từng trạm; trạm có 1 đến 4 không tính. '
                '/ Records updated in the period, rounded by station; stations with 1 to 4 are left out.'
            ),
            (
                'records_created_population',
                'Dân số quản lý của các trạm có số hồ sơ đã lập. '
                '/ Persons managed by the stations that count in records_created.'
            ),
            (
                'records_created_pct',
                'Hồ sơ đã lập trên dân số quản lý của chính các trạm đó (%). '
                '/ Records created for each hundred persons managed by the same stations (%).'
            )
        ) as said (name, description)
        inner join pg_attribute as attribute on said.name = attribute.attname
        where
            attribute.attrelid in (
                'mart.broadband_commune_today'::regclass,
                'mart.health_station_commune_today'::regclass,
                'mart.broadband_district'::regclass,
                'mart.health_station_district'::regclass
            )
    loop
        execute format(
            'comment on column %s.%I is %L', described.view_name, described.name, described.description
        );
    end loop;
end
$$;
