-- Newer versions take the place of the current ones, which become history in the same statement. With the
-- same day the one received later is newer, and what was received later than this was taken out before.
with replaced as (
    update {core} as version
    set ({columns}) = ({staged_version})
    from {staged} as staged
    where {same_key} and staged.{newest} >= version.{newest} and not ({same_values})
    returning {old_columns}
)

insert into {history} ({columns})
select {columns}
from replaced;
