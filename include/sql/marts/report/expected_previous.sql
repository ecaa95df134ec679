-- What the report of the latest earlier period named, and what this one names; rows held back count in both.
-- Where there is no earlier one, a row without its key is a unit of its own: nothing shows which one it is.
with earlier as (
    select
        reporting_unit,
        period,
        {unit} as unit
    from {core}
    where is_current and period < %(period)s
),

latest as (
    select
        reporting_unit,
        max(period) as period
    from earlier
    group by reporting_unit
)

select
    earlier.reporting_unit,
    earlier.unit
from earlier
inner join latest on earlier.reporting_unit = latest.reporting_unit and earlier.period = latest.period
union
select
    held.reporting_unit,
    held.row_key as unit
from quarantine.quarantined_row as held
inner join latest on held.reporting_unit = latest.reporting_unit and held.period = latest.period
where held.feed = %(feed)s and held.closed_by is null and held.row_key is not null
union
select
    reporting_unit,
    unit
from reported
union
select
    held_back.reporting_unit,
    coalesce(
        held_back.unit,
        array[held_back.submission_id::text, held_back.sheet, held_back.source_row::text]
    ) as unit
from held_back
left join latest on held_back.reporting_unit = latest.reporting_unit
where held_back.unit is not null or latest.period is null
