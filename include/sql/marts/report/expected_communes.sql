-- The communes in force on the period's last day.
select
    report.reporting_unit,
    array[commune.commune_code] as unit
from report
cross join mart.dim_commune as commune
where
    commune.valid_from <= %(period_end_on)s
    and coalesce(%(period_end_on)s < commune.valid_to, true)
