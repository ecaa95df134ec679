-- Views over the marts. Each reads with the rights of who asks, so that none can reach beyond schema mart.

create view mart.indicator_status with (security_invoker = true) as
select
    target.document_code,
    target.indicator_code,
    target.geography_code,
    target.target_year,
    indicator.name_vi,
    indicator.name_en,
    target.unit,
    indicator.unit_vi,
    target.direction,
    target.baseline_value,
    target.baseline_year,
    target.target_value,
    latest.period,
    latest.period_end_on,
    latest.vintage,
    latest.numerator,
    latest.denominator,
    latest.value,
    case
        when latest.value is null then 'no_data'
        when target.direction = 'at_least' and latest.value >= target.target_value then 'reached'
        when target.direction = 'at_most' and latest.value <= target.target_value then 'reached'
        else 'not_reached'
    end as status,
    latest.computed_at
from mart.dim_target as target
inner join mart.dim_indicator as indicator on target.indicator_code = indicator.indicator_code
left join lateral (
    select reported.*
    from mart.fct_indicator_value as reported
    where
        reported.indicator_code = target.indicator_code
        and reported.geography_code = target.geography_code
    order by
        reported.value is null,
        reported.period_end_on desc,
        array_position(array['final', 'preliminary', 'estimate', 'reported'], reported.vintage)
    limit 1
) as latest on true;

comment on view mart.indicator_status is
'Mỗi dòng là một mục tiêu với giá trị mới nhất và tình trạng. / One row per target: latest value and status.';
comment on column mart.indicator_status.baseline_value is
'Giá trị gốc; trống khi không có. / Baseline; null where none.';
comment on column mart.indicator_status.period is
'Kỳ mới nhất có giá trị; khi chưa kỳ nào có thì là kỳ mới nhất. '
'/ Latest period with a value; the latest of all where none has one.';
comment on column mart.indicator_status.value is
'Giá trị mới nhất; trống khi không có. / Latest value; null where there is none.';
comment on column mart.indicator_status.status is
'Tình trạng: đạt, chưa đạt, chưa có số liệu. / reached, not_reached, no_data.';

create view mart.smart_hospital with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.hospital_code,
    hospital.hospital_name,
    fact.hospital_tier,
    fact.it_level,
    fact.is_smart,
    fact.infrastructure_level,
    fact.his_level,
    fact.lis_level,
    fact.ris_pacs_level,
    fact.emr_level,
    fact.security_met,
    fact.paperless_on,
    fact.assessed_on
from mart.fct_smart_hospital as fact
inner join mart.dim_hospital as hospital on fact.hospital_code = hospital.hospital_code;

comment on view mart.smart_hospital is
'Bệnh viện theo kỳ, kèm tên. / Hospitals by period, with their names.';

create view mart.health_station with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.station_code,
    station.station_name,
    fact.commune_code,
    commune.commune_name,
    commune.commune_type,
    commune.district_name,
    fact.has_ehr_system,
    fact.software_name,
    fact.population_managed,
    fact.records_created,
    fact.records_updated,
    100.0 * fact.records_created / nullif(fact.population_managed, 0) as records_created_pct
from mart.fct_health_station as fact
inner join mart.dim_station as station on fact.station_code = station.station_code
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key;

comment on view mart.health_station is
'Trạm y tế theo kỳ, kèm tên trạm, xã, huyện. / Stations by period, with names of station, commune, district.';
comment on column mart.health_station.records_created_pct is
'Hồ sơ đã lập (đã làm tròn) trên dân số quản lý (%). '
'/ Records created (as rounded) for each hundred persons managed (%).';

create view mart.broadband_commune with (security_invoker = true) as
select
    fact.period,
    fact.period_end_on,
    fact.commune_code,
    commune.commune_name,
    commune.commune_type,
    commune.district_name,
    fact.villages_total,
    fact.villages_fixed_broadband,
    fact.villages_4g,
    fact.villages_5g,
    fact.households_total,
    fact.households_fixed_broadband,
    100.0 * fact.households_fixed_broadband / nullif(fact.households_total, 0)
        as households_fixed_broadband_pct,
    fact.carriers,
    fact.carrier_count,
    fact.covered,
    fact.covered_strict,
    fact.covered_loose
from mart.fct_broadband_commune as fact
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key;

comment on view mart.broadband_commune is
'Băng rộng theo xã và kỳ, kèm tên xã, huyện. / Broadband by commune and period, with names.';
comment on column mart.broadband_commune.households_fixed_broadband_pct is
'Hộ dùng Internet cáp quang trên tổng số hộ (%). / Households using fixed broadband (%).';

create view mart.broadband_definitions with (security_invoker = true) as
select
    indicator.period,
    indicator.period_end_on,
    indicator.geography_code,
    indicator.denominator as communes_in_force_count,
    counted.covered_count,
    counted.covered_strict_count,
    counted.covered_loose_count,
    100.0 * counted.covered_count / nullif(indicator.denominator, 0) as covered_pct,
    100.0 * counted.covered_strict_count / nullif(indicator.denominator, 0) as covered_strict_pct,
    100.0 * counted.covered_loose_count / nullif(indicator.denominator, 0) as covered_loose_pct
from mart.fct_indicator_value as indicator
left join lateral (
    select
        count(*) filter (where fact.covered) as covered_count,
        count(*) filter (where fact.covered_strict) as covered_strict_count,
        count(*) filter (where fact.covered_loose) as covered_loose_count
    from mart.fct_broadband_commune as fact
    inner join mart.dim_commune as commune on fact.commune_key = commune.commune_key
    where fact.period = indicator.period and commune.province_code = indicator.geography_code
) as counted on true
where indicator.indicator_code = 'BB_COMMUNE';

comment on view mart.broadband_definitions is
'Chỉ tiêu BB_COMMUNE theo kỳ, cạnh định nghĩa chặt hơn và rộng hơn. '
'/ Indicator BB_COMMUNE by period, beside its stricter and looser definitions.';
comment on column mart.broadband_definitions.communes_in_force_count is
'Số xã có hiệu lực cuối kỳ. / Communes in force on the period''s last day.';
comment on column mart.broadband_definitions.covered_count is 'Số xã được phủ. / Communes covered.';
comment on column mart.broadband_definitions.covered_strict_count is
'Số xã được phủ theo định nghĩa chặt. / Communes covered by the stricter definition.';
comment on column mart.broadband_definitions.covered_loose_count is
'Số xã được phủ theo định nghĩa rộng. / Communes covered by the looser definition.';
comment on column mart.broadband_definitions.covered_pct is
'Tỷ lệ xã được phủ (%), là chỉ tiêu. / Share of communes covered (%): the indicator.';
comment on column mart.broadband_definitions.covered_strict_pct is
'Tỷ lệ theo định nghĩa chặt (%). / Share by the stricter definition (%).';
comment on column mart.broadband_definitions.covered_loose_pct is
'Tỷ lệ theo định nghĩa rộng (%). / Share by the looser definition (%).';
