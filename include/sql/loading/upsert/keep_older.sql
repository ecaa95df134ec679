-- Versions older than the current one go straight into history, unless they repeat the one that is there.
insert into {history} ({columns})
select {staged_version}
from {staged} as staged
inner join {core} as newer on {same_key_as_newer} and staged.{newest} < newer.{newest}
left join lateral (
    select *
    from {history} as version
    where {same_key} and staged.{newest} = version.{newest}
    order by version.received_seq desc
    limit 1
) as version on true
where version.period is null or not ({same_values});
