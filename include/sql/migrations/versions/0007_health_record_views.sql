-- Views over the health records, and where a commune of any time lies today. Each reads with the rights of
-- who asks.

create view mart.commune_today with (security_invoker = true) as
with recursive path as (
    select
        commune_key,
        commune_key as today_commune_key,
        array_position(array['read', 'derived', 'inferred'], sureness) as doubt
    from mart.dim_commune
    union
    select
        path.commune_key,
        bridge.successor_commune_key,
        greatest(path.doubt, array_position(array['read', 'derived', 'inferred'], bridge.sureness)) as doubt
    from path
    inner join mart.bridge_commune_succession as bridge on path.today_commune_key = bridge.former_commune_key
)

select
    path.commune_key,
    path.today_commune_key,
    count(*) over (partition by path.commune_key) > 1 as is_split,
    (array['read', 'derived', 'inferred'])[max(path.doubt)] as sureness
from path
inner join mart.dim_commune as today on path.today_commune_key = today.commune_key
where today.valid_to is null
group by path.commune_key, path.today_commune_key;

comment on view mart.commune_today is
'Mỗi dòng nối một xã của bất kỳ thời điểm nào với một xã hiện nay chứa nó hoặc một phần của nó. '
'/ One row per commune of any time and commune of today that holds it or a part of it.';
comment on column mart.commune_today.commune_key is 'Xã của bất kỳ thời điểm nào. / Commune of any time.';
comment on column mart.commune_today.today_commune_key is 'Xã hiện nay. / Commune of today.';
comment on column mart.commune_today.is_split is
'Xã cũ bị chia cho nhiều xã; không rõ tỷ lệ từng phần. '
'/ It was split among several communes; the shares of its parts are not known.';
comment on column mart.commune_today.sureness is
'Độ chắc chắn: đọc được, suy ra, phỏng đoán. / How it is known: read, derived, inferred.';

create view mart.health_record_denominator with (security_invoker = true) as
select
    reported.period,
    station.period as station_period,
    station.station_code,
    station.commune_key,
    today.today_commune_key,
    station.population_managed
from mart.fct_health_record_province as reported
inner join mart.fct_health_station as station
    on
        station.period = (
            select max(latest.period)
            from mart.fct_health_station as latest
            where latest.period <= reported.period
        )
left join mart.commune_today as today on station.commune_key = today.commune_key and not today.is_split;

comment on view mart.health_record_denominator is
'Mẫu số của hồ sơ sức khỏe: các trạm trong báo cáo trạm mới nhất đến kỳ đó. '
'/ Denominators of the health records: the stations of the latest station report up to the period.';
comment on column mart.health_record_denominator.period is
'Kỳ của hồ sơ sức khỏe. / Period of the health records.';
comment on column mart.health_record_denominator.station_period is
'Kỳ của báo cáo trạm được dùng. / Period of the station report in use.';
comment on column mart.health_record_denominator.station_code is 'Mã trạm y tế. / Health station code.';
comment on column mart.health_record_denominator.population_managed is
'Số dân quản lý (người). / Persons managed.';
comment on column mart.health_record_denominator.commune_key is
'Xã nơi đặt trạm, theo kỳ của báo cáo trạm. / Commune of the station in the period of that report.';
comment on column mart.health_record_denominator.today_commune_key is
'Xã hiện nay; trống khi xã nơi đặt trạm đã bị chia. / Commune of today; null where the station''s was split.';

create view mart.health_record_station with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.station_code,
    station.station_name,
    fact.person_count,
    denominator.population_managed,
    100.0 * fact.person_count / nullif(denominator.population_managed, 0) as coverage_pct
from mart.fct_health_record_station as fact
left join mart.dim_station as station on fact.station_code = station.station_code
left join mart.health_record_denominator as denominator
    on fact.period = denominator.period and fact.station_code = denominator.station_code;

comment on view mart.health_record_station is
'Hồ sơ sức khỏe theo trạm và kỳ, kèm tên, dân số quản lý, tỷ lệ. '
'/ Health records by station and period, with name, persons managed and share.';
comment on column mart.health_record_station.coverage_pct is
'Số người có hồ sơ (đã làm tròn) trên dân số quản lý (%); trống khi thiếu dân số. '
'/ Persons with a record, as rounded, for each hundred persons managed (%); null where these lack.';

create view mart.health_record_commune with (security_invoker = true) as
with denominator as (
    select
        period,
        commune_key,
        sum(population_managed) as population_managed,
        count(*) as station_count
    from mart.health_record_denominator
    group by period, commune_key
)

select
    fact.period,
    fact.period_end_on,
    fact.commune_code,
    commune.commune_name,
    commune.commune_type,
    commune.district_name,
    fact.person_count,
    denominator.population_managed,
    denominator.station_count,
    100.0 * fact.person_count / nullif(denominator.population_managed, 0) as coverage_pct
from mart.fct_health_record_commune as fact
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key
left join denominator on fact.period = denominator.period and fact.commune_key = denominator.commune_key;

comment on view mart.health_record_commune is
'Hồ sơ sức khỏe theo xã như đã báo cáo và kỳ. / Health records by commune as reported and period.';
comment on column mart.health_record_commune.population_managed is
'Tổng dân số quản lý của các trạm trong xã; trống khi không có trạm. '
'/ Persons managed by the stations of the commune; null without a station.';
comment on column mart.health_record_commune.station_count is
'Số trạm trong tổng đó. / Stations in that sum.';
comment on column mart.health_record_commune.coverage_pct is
'Số người có hồ sơ (đã làm tròn) trên dân số quản lý (%); trống khi thiếu dân số. '
'/ Persons with a record, as rounded, for each hundred persons managed (%); null where these lack.';

create view mart.health_record_commune_today with (security_invoker = true) as
with denominator as (
    select
        period,
        today_commune_key,
        sum(population_managed) as population_managed,
        count(*) as station_count
    from mart.health_record_denominator
    group by period, today_commune_key
),

part as (
    select
        today_commune_key,
        count(*) as split_commune_count
    from mart.commune_today
    where is_split
    group by today_commune_key
)

select
    fact.period,
    fact.period_end_on,
    commune.commune_code,
    commune.commune_name,
    commune.commune_type,
    fact.person_count,
    denominator.population_managed,
    denominator.station_count,
    100.0 * fact.person_count / nullif(denominator.population_managed, 0) as coverage_pct,
    coalesce(part.split_commune_count, 0) as split_commune_count
from mart.fct_health_record_commune_today as fact
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key
left join denominator on fact.period = denominator.period and fact.commune_key = denominator.today_commune_key
left join part on fact.commune_key = part.today_commune_key;

comment on view mart.health_record_commune_today is
'Hồ sơ sức khỏe theo xã hiện nay và kỳ; tử số và mẫu số cùng không tính các xã cũ đã bị chia. '
'/ Health records by commune of today and period; former communes that were split are left out.';
comment on column mart.health_record_commune_today.commune_code is
'Mã xã hiện nay; trống: xã cũ đã bị chia hoặc mã lạ. '
'/ Code of today; null: former communes that were split, and unknown codes.';
comment on column mart.health_record_commune_today.population_managed is
'Tổng dân số quản lý của các trạm trong xã; trống khi không có trạm. '
'/ Persons managed by the stations of the commune; null without a station.';
comment on column mart.health_record_commune_today.station_count is
'Số trạm trong tổng đó. / Stations in that sum.';
comment on column mart.health_record_commune_today.coverage_pct is
'Số người có hồ sơ (đã làm tròn) trên dân số quản lý (%); trống khi thiếu dân số. '
'/ Persons with a record, as rounded, for each hundred persons managed (%); null where these lack.';
comment on column mart.health_record_commune_today.split_commune_count is
'Số xã cũ bị chia mà một phần thuộc xã này, chưa được tính. '
'/ Former communes that were split, with a part here: not counted.';
