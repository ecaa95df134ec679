-- Staged rows that only the whole file showed to be bad.
with taken as (
    delete from {staged} as staged
    using {places} as place
    where staged.source_sheet = place.source_sheet and staged.source_row = place.source_row
    returning staged.*
)

insert into {refused} ({refused_columns})
select {refused_columns}
from taken;
