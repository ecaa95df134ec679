-- Rows that say what is so already, where that may matter: while an earlier delivery still waits, which may
-- say otherwise for the same day, or in the report of an earlier period than one that is loaded.
insert into {repeated} ({repeated_columns})
select {staged_repeated}
from {staged} as staged
where
    not exists (
        select
        from {core} as version
        where {same_key} and version.received_seq = %(received_seq)s
    )
    and not exists (
        select
        from {history} as version
        where {same_key} and staged.{newest} = version.{newest} and version.received_seq = %(received_seq)s
    );
