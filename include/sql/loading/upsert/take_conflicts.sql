-- Staged rows for whose record and day a version is known that was received later.
with taken as (
    delete from {staged} as staged
    where
        exists (
            select
            from {core} as version
            where
                {same_key} and staged.{newest} = version.{newest} and version.received_seq > %(received_seq)s
        )
        or exists (
            select
            from {history} as version
            where
                {same_key} and staged.{newest} = version.{newest} and version.received_seq > %(received_seq)s
        )
        or exists (
            select
            from {repeated} as version
            where
                {same_key} and staged.{newest} = version.{newest} and version.received_seq > %(received_seq)s
        )
    returning *
)

insert into {conflicting} ({columns})
select {staged_version}
from taken as staged;
