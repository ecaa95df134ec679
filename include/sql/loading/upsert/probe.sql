-- Of some staged rows, any of them, how many belong to records that are known.
select
    count(version.period) as known,
    count(*) as probed
from (
    select *
    from {staged}
    limit 1000 -- noqa: AM09
) as staged
left join {core} as version on {same_key};
