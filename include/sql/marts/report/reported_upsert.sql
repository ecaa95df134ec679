-- The units of which the period brought a new or changed version of a record.
select
    %(feed)s::text as reporting_unit,
    {unit} as unit
from (
    select {unit_columns}
    from {core}
    where period = %(period)s
    union
    select {unit_columns}
    from {history}
    where period = %(period)s
) as version
