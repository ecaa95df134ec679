-- The units that the current rows of the period name.
select distinct
    reporting_unit,
    {unit} as unit
from {core}
where is_current and period = %(period)s
