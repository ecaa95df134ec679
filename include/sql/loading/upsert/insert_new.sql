-- Records that were not known.
insert into {core} ({columns})
select {staged_version}
from {staged} as staged
where
    not exists (
        select
        from {core} as version
        where {same_key}
    );
