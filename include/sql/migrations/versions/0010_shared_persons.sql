-- How many persons of a station have a record at another station too: what its staff can look into.

alter table mart.fct_health_record_station
add column shared_person_count bigint check (shared_person_count >= 0 and shared_person_count % 5 = 0);
comment on column mart.fct_health_record_station.shared_person_count is
'Số người trong đó có hồ sơ cả ở trạm khác, làm tròn xuống bội của 5; trống khi từ 1 đến 4. '
'/ Those with a record at another station too, rounded down to a multiple of 5; null from 1 to 4.';

create or replace view mart.health_record_station with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.station_code,
    station.station_name,
    fact.person_count,
    denominator.population_managed,
    100.0 * fact.person_count / nullif(denominator.population_managed, 0) as coverage_pct,
    fact.shared_person_count,
    100.0 * fact.shared_person_count / nullif(fact.person_count, 0) as shared_pct
from mart.fct_health_record_station as fact
left join mart.dim_station as station on fact.station_code = station.station_code
left join mart.health_record_denominator as denominator
    on fact.period = denominator.period and fact.station_code = denominator.station_code;
comment on column mart.health_record_station.shared_person_count is
'Số người trong đó có hồ sơ cả ở trạm khác, làm tròn xuống bội của 5; trống khi từ 1 đến 4. '
'/ Those with a record at another station too, rounded down to a multiple of 5; null from 1 to 4.';
comment on column mart.health_record_station.shared_pct is
'Tỷ lệ người có hồ sơ cả ở trạm khác (%), tính từ các số đã làm tròn. '
'/ Share of them who have a record at another station too (%), of the rounded counts.';
