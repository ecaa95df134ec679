-- How far each target has come: what is published, and what a leader asks first.

create view mart.target_progress with (security_invoker = true) as
select
    status.document_code,
    status.indicator_code,
    status.geography_code,
    status.target_year,
    status.name_vi,
    status.name_en,
    status.unit,
    status.unit_vi,
    status.direction,
    status.baseline_value,
    status.baseline_year,
    status.target_value,
    status.period,
    status.period_end_on,
    status.vintage,
    status.value,
    status.status,
    100.0 * (status.value - status.baseline_value)
    / nullif(status.target_value - status.baseline_value, 0) as progress_pct
from mart.indicator_status as status
where status.document_code is not null;

comment on view mart.target_progress is
'Mỗi dòng là một mục tiêu với giá trị mới nhất và phần đường đã đi từ giá trị gốc. '
'/ One row per target with its latest value and the part of the way from its baseline.';
comment on column mart.target_progress.progress_pct is
'Phần đường từ giá trị gốc đến mục tiêu (%), có thể âm hoặc trên 100; trống khi thiếu giá trị gốc. '
'/ Part of the way from baseline to target (%), below 0 or above 100 too; null without a baseline.';

do $$
declare
    passed_on record;
begin
    for passed_on in
        select
            passing.attname as name,
            col_description(source.attrelid, source.attnum) as description
        from pg_attribute as passing
        inner join pg_attribute as source
            on source.attrelid = 'mart.indicator_status'::regclass and passing.attname = source.attname
        where passing.attrelid = 'mart.target_progress'::regclass and passing.attnum > 0
    loop
        execute format('comment on column mart.target_progress.%I is %L', passed_on.name, passed_on.description);
    end loop;
end
$$;

-- Persons stand under the commune that bore the code when their records were updated, stations under that of
-- their report: a share is shown only where no other generation of the commune holds a part of its persons.
create or replace view mart.health_record_commune with (security_invoker = true) as
with denominator as (
    select
        period,
        commune_key,
        sum(population_managed) as population_managed,
        count(*) as station_count
    from mart.health_record_denominator
    group by period, commune_key
),

generations as (
    select
        fact.period,
        today.today_commune_key,
        count(distinct fact.commune_key) as commune_count
    from mart.fct_health_record_commune as fact
    inner join mart.commune_today as today on fact.commune_key = today.commune_key
    group by fact.period, today.today_commune_key
),

mixed as (
    select distinct
        generations.period,
        today.commune_key
    from generations
    inner join mart.commune_today as today on generations.today_commune_key = today.today_commune_key
    inner join mart.dim_commune as unit on today.commune_key = unit.commune_key and unit.valid_to is null
    where generations.commune_count > 1
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
    case
        when mixed.commune_key is null
            then 100.0 * fact.person_count / nullif(denominator.population_managed, 0)
    end as coverage_pct
from mart.fct_health_record_commune as fact
left join mart.dim_commune as commune on fact.commune_key = commune.commune_key
left join denominator on fact.period = denominator.period and fact.commune_key = denominator.commune_key
left join mixed on fact.period = mixed.period and fact.commune_key = mixed.commune_key;
comment on column mart.health_record_commune.coverage_pct is
'Số người có hồ sơ (làm tròn) trên dân số quản lý (%); trống khi thiếu dân số hoặc một phần còn ở xã cũ. '
'/ Persons with a record, as rounded, for each hundred persons managed (%); null where these lack, and where '
'former communes still hold a part of the persons.';
